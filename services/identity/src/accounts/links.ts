import { key, put, remove, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import type { NewEvent } from '@sidecart/contracts/event';
import { IdentityLinked, IdentityUnlinked } from '@sidecart/contracts/identity';
import { owner, type User } from './user.js';

/** An identity at a provider that can sign in to an account. */
export interface Link {
  identity: Key<string>;
  /** The email address that the provider gave when it was linked. */
  email: string | null;
  /** Null if it was linked by a version that did not require a verified email address. */
  linkedAt: string | null;
}

export interface NamedLink extends Link {
  provider: string;
}

/** Links by provider name. Earlier versions stored the bare key of the identity. */
type StoredLinks = Record<string, Link | Key<string>>;

/** The identities that can sign in to an account. */
export const linksKey = (userId: string): Key<StoredLinks> => key('links', userId);

export const linksOf = (stored: Readonly<StoredLinks> = {}): NamedLink[] =>
  Object.entries(stored).map(([provider, link]) =>
    typeof link === 'string' ? { provider, identity: link, email: null, linkedAt: null } : { provider, ...link },
  );

export interface LinkChange {
  write: Write[];
  events: NewEvent[];
}

/**
 * Removes links and adds one. `user` is the account after the change; the events notify its owner.
 */
export function changeLinks(docs: Docs, user: User, removed: readonly NamedLink[], added?: NamedLink): LinkChange {
  const { id, version } = user;
  const others = linksOf(docs.get(linksKey(id))).filter(({ provider }) => !removed.some((link) => link.provider === provider));
  const links = [...others, ...(added ? [added] : [])];
  const notice = ({ provider, email }: NamedLink) => ({ ...owner(user), provider, providerEmail: email });
  return {
    write: [
      ...removed.map(({ identity }) => remove(identity)),
      ...(added ? [put(added.identity, id)] : []),
      put(linksKey(id), Object.fromEntries(links.map(({ provider, ...link }) => [provider, link]))),
    ],
    events: [
      ...removed.map((link) => IdentityUnlinked(id, version, notice(link))),
      ...(added ? [IdentityLinked(id, version, notice(added))] : []),
    ],
  };
}

/**
 * Removes links from before the email address was verified: someone else may have registered it and
 * added them.
 */
export function dropUnverifiedLinks(docs: Docs, user: User): LinkChange {
  const unverified = linksOf(docs.get(linksKey(user.id))).filter(({ linkedAt }) => linkedAt === null);
  return unverified.length === 0 ? { write: [], events: [] } : changeLinks(docs, user, unverified);
}

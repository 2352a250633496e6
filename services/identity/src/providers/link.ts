import { put, remove, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import { Instant } from '@sidecart/contracts/common';
import type { NewEvent } from '@sidecart/contracts/event';
import { IdentityLinked, IdentityUnlinked } from '@sidecart/contracts/identity';
import { z } from 'zod';
import { owner, type User } from '../accounts/user.js';
import { Email, ProviderName } from '../fields.js';
import { linksKey, type StoredLinks } from './store.js';

/** An identity at a provider that signs in to an account. */
export interface Link {
  identity: Key<string>;
  /** The provider's address for it when it was linked. */
  email: string | null;
  /** Null if it was linked when that did not need a proved address. */
  linkedAt: string | null;
}

export interface NamedLink extends Link {
  provider: string;
}

/** What its owner is told of a link. */
export const LinkedIdentity = z
  .object({
    provider: ProviderName,
    email: Email.nullable().describe('at the provider, at the time it was linked; null if unknown'),
    linkedAt: Instant.nullable().describe('null if unknown'),
  })
  .meta({ id: 'LinkedIdentity' });
export type LinkedIdentity = z.infer<typeof LinkedIdentity>;

export const linkedIdentity = ({ provider, email, linkedAt }: NamedLink): LinkedIdentity => ({ provider, email, linkedAt });

export const linksOf = (stored: Readonly<StoredLinks> = {}): NamedLink[] =>
  Object.entries(stored).map(([provider, link]) =>
    typeof link === 'string' ? { provider, identity: link, email: null, linkedAt: null } : { provider, ...link },
  );

export interface Relinked {
  write: Write[];
  events: NewEvent[];
}

/** Ends links and makes one. `user` is the account as this change leaves it; the events tell its owner. */
export function relink(docs: Docs, user: User, ended: readonly NamedLink[], made?: NamedLink): Relinked {
  const { id, version } = user;
  const others = linksOf(docs.get(linksKey(id))).filter(({ provider }) => !ended.some((link) => link.provider === provider));
  const links = [...others, ...(made ? [made] : [])];
  const told = ({ provider, email }: NamedLink) => ({ ...owner(user), provider, providerEmail: email });
  return {
    write: [
      ...ended.map(({ identity }) => remove(identity)),
      ...(made ? [put(made.identity, id)] : []),
      put(linksKey(id), Object.fromEntries(links.map(({ provider, ...link }) => [provider, link]))),
    ],
    events: [...ended.map((link) => IdentityUnlinked(id, version, told(link))), ...(made ? [IdentityLinked(id, version, told(made))] : [])],
  };
}

/** Ends the links made before the address was proved: somebody else may have registered it first and made them. */
export function dropUnprovenLinks(docs: Docs, user: User): Relinked {
  const unproven = linksOf(docs.get(linksKey(user.id))).filter(({ linkedAt }) => linkedAt === null);
  return unproven.length === 0 ? { write: [], events: [] } : relink(docs, user, unproven);
}

import { remove, type Change, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import { UserDeleted } from '@sidecart/contracts/identity';
import { linksKey, linksOf } from '../accounts/links.js';
import { adminsKey, ownerKey, putMember, userKey } from '../accounts/store.js';
import { noteAct, trailKeys, type Act } from '../accounts/trail.js';
import { erased, type User } from '../accounts/user.js';
import { PURPOSES } from '../codes/code.js';
import { codeKey } from '../codes/store.js';
import { endSessions, sessionsKey } from '../sessions/store.js';
import { loginsKey } from '../sign-in/history.js';
import { twoFactorKey } from '../two-factor/two-factor.js';
import { addressesKey } from './address.js';

/** The documents of a person besides the account, under their id. */
const belongings = (userId: string): Key<unknown>[] => [
  addressesKey(userId),
  loginsKey(userId),
  twoFactorKey(userId),
  linksKey(userId),
  ...PURPOSES.map((purpose) => codeKey(purpose, userId)),
];

/** What `erase` reads. */
export const erasureKeys = (userId: string): Key<unknown>[] => [
  userKey(userId),
  sessionsKey(userId),
  adminsKey,
  ...belongings(userId),
  ...trailKeys(userId),
];

/**
 * Deletes everything about a person except the account's id and its audit trail, and frees the
 * email address. Throws `conflict` for the last admin.
 */
export function erase(docs: Docs, user: User, act: Act): Change<void> {
  const after = erased(user);
  const identities = linksOf(docs.get(linksKey(user.id))).map(({ identity }) => identity);
  const removals: Write[] = [ownerKey(user.emailKey), ...identities, ...belongings(user.id)].map((key) => remove(key));
  return {
    write: [...putMember(docs, after), ...endSessions(docs, user.id), ...removals, ...noteAct(docs, act)],
    events: [UserDeleted(user.id, after.version, { userId: user.id })],
    result: undefined,
  };
}

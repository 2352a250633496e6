import { remove, type Change, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import { UserDeleted } from '@sidecart/contracts/identity';
import { erased, type User } from '../accounts/user.js';
import { addressesKey } from '../addresses/routes.js';
import { noteAct, trailKeys, type Act } from '../audit/trail.js';
import { codeKey } from '../codes/store.js';
import { PURPOSES } from '../codes/code.js';
import { linksOf } from '../providers/link.js';
import { linksKey } from '../providers/store.js';
import { endSessions, sessionsKey } from '../sessions/store.js';
import { loginsKey } from '../sign-in/login.js';
import { adminsKey, ownerKey, putMember, userKey } from '../store.js';
import { twoFactorKey } from '../two-factor/challenge.js';

/** What is kept of a person beside the account, under their id. */
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

/** Leaves nothing of a person but the account's id and what was done to it; the address is free again. Throws `conflict` for the last admin. */
export function erase(docs: Docs, user: User, act: Act): Change<void> {
  const after = erased(user);
  const identities = linksOf(docs.get(linksKey(user.id))).map(({ identity }) => identity);
  const gone: Write[] = [ownerKey(user.emailKey), ...identities, ...belongings(user.id)].map((key) => remove(key));
  return {
    write: [...putMember(docs, after), ...endSessions(docs, user.id), ...gone, ...noteAct(docs, act)],
    events: [UserDeleted(user.id, after.version, { userId: user.id })],
    result: undefined,
  };
}

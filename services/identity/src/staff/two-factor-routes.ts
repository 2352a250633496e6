import { routes, type Routes } from '@sidecart/chassis/routes';
import { put, remove, type Change, type Docs } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { TwoFactorChanged } from '@sidecart/contracts/identity';
import { z } from 'zod';
import { nextEpoch } from '../accounts/epoch.js';
import { AccountId } from '../accounts/schemas.js';
import { account, userKey } from '../accounts/store.js';
import { noteAct } from '../accounts/trail.js';
import { owner } from '../accounts/user.js';
import { clientOf } from '../client.js';
import { endSessions } from '../sessions/store.js';
import { twoFactorKey } from '../two-factor/two-factor.js';
import { act, actor, memberKeys, type Deed } from './change.js';
import { mayTouch } from './member.js';

/** For people who have lost both their authenticator app and their recovery codes. */
export function twoFactorResetRoutes(store: Store): Routes {
  const users = routes('staff');

  users.delete(
    '/api/users/:id/2fa',
    {
      summary:
        'Turns two-factor authentication off for someone who lost it, ends their sessions and mails them. Check first who is asking.',
      access: { staff: 'users' },
      rows: [8],
      params: z.strictObject({ id: AccountId }),
      problems: { 403: 'You cannot do this to this account.', 404: 'There is no such account.' },
    },
    ({ params: { id }, user: caller, req }) => {
      const deed = { caller, from: clientOf(req), at: new Date() };
      return store.transact([...memberKeys(caller, id), twoFactorKey(id)], (docs) => resetTwoFactor(docs, id, deed));
    },
  );

  return users;
}

function resetTwoFactor(docs: Docs, id: string, deed: Deed): Change<undefined> {
  const before = account(docs, id, 'The account');
  mayTouch(actor(docs, deed.caller), before);
  if (!docs.get(twoFactorKey(id))?.confirmedAt) return { result: undefined };
  const user = { ...nextEpoch(before), version: before.version + 1 };
  return {
    write: [
      put(userKey(id), user),
      remove(twoFactorKey(id)),
      ...endSessions(docs, id),
      ...noteAct(docs, act('user.two_factor_reset', deed, before, user)),
    ],
    events: [TwoFactorChanged(id, user.version, { ...owner(user), on: false })],
    result: undefined,
  };
}

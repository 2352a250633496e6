import { routes, type Routes } from '@sidecart/chassis/routes';
import { put } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { z } from 'zod';
import { Profile } from '../accounts/schemas.js';
import { deletedProblem, existing, userKey } from '../accounts/store.js';
import { edit, updated } from '../accounts/user.js';
import { Locale, Name } from '../accounts/values.js';
import { profile } from '../accounts/view.js';
import { signedInAccount, signedInKeys, signedInProblems } from '../sessions/caller.js';

const Changes = z.strictObject({ name: Name.optional(), locale: Locale.optional() });

export function profileRoutes(store: Store): Routes {
  const users = routes('users');

  users.get(
    '/api/users/me',
    { summary: 'Returns your profile.', access: 'customer', rows: [10], reply: Profile, problems: deletedProblem },
    async ({ user: { id } }) => profile(existing(await store.read(userKey(id)), 'Your account')),
  );

  users.patch(
    '/api/users/me',
    {
      summary: 'Changes your name or language.',
      access: 'customer',
      rows: [10],
      body: Changes,
      reply: Profile,
      problems: signedInProblems,
    },
    ({ body, user: caller }) =>
      store.transact(signedInKeys(caller), (docs) => {
        const user = edit(signedInAccount(docs, caller), body);
        return { write: [put(userKey(user.id), user)], events: [updated(user)], result: profile(user) };
      }),
  );

  return users;
}

import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Store } from '@sidecart/chassis/store';
import { z } from 'zod';
import { changes } from '../audit/trail.js';
import { clientOf } from '../client.js';
import { TriedPassword } from '../fields.js';
import type { DropPicture } from '../pictures/drop.js';
import type { ConfirmPassword } from '../sign-in/guard.js';
import { account, GONE } from '../store.js';
import { erased } from '../accounts/user.js';
import { erase, erasureKeys } from './erase.js';
import { ownData, OwnData } from './export.js';

export interface OwnDataOptions {
  store: Store;
  dropPicture: DropPicture;
  confirmPassword: ConfirmPassword;
}

export function ownDataRoutes({ store, dropPicture, confirmPassword }: OwnDataOptions): Routes {
  const users = routes('users');

  users.get(
    '/api/users/me/export',
    { summary: 'Everything that is kept of you here, as a file.', access: 'customer', rows: [13], reply: OwnData, problems: GONE },
    async ({ user, res }) => {
      const data = await ownData(store, user.id);
      res.setHeader('content-disposition', 'attachment; filename="my-data.json"');
      return data;
    },
  );

  users.delete(
    '/api/users/me',
    {
      summary: 'Deletes your account for good: profile, addresses, picture, sessions. Orders stay as long as the law asks.',
      access: 'customer',
      rows: [13],
      body: z.strictObject({ password: TriedPassword }),
      problems: {
        ...GONE,
        403: 'The password is wrong.',
        409: 'You are the last active admin.',
        429: 'That was tried too often: see Retry-After.',
      },
    },
    async ({ user: { id }, body, req }) => {
      await confirmPassword(id, body.password, clientOf(req));
      const at = new Date().toISOString();
      await store.transact(erasureKeys(id), (docs) => {
        const user = account(docs, id);
        const from = { address: '', agent: '' }; // who asks for nothing to be kept is not noted
        return erase(docs, user, { what: 'user.deleted', about: id, by: id, at, ...from, changes: changes(user, erased(user)) });
      });
      await dropPicture(id);
    },
  );

  return users;
}

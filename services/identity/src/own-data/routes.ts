import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Store } from '@sidecart/chassis/store';
import { z } from 'zod';
import { changes } from '../audit/trail.js';
import { clientOf } from '../client.js';
import type { DropPicture } from '../pictures/drop.js';
import { stepUpFields, stepUpProblems, type StepUp } from '../sign-in/step-up.js';
import { GONE } from '../store.js';
import { erased } from '../accounts/user.js';
import { erase, erasureKeys } from './erase.js';
import { ownData, OwnData } from './export.js';

export interface OwnDataOptions {
  store: Store;
  dropPicture: DropPicture;
  stepUp: StepUp;
}

export function ownDataRoutes({ store, dropPicture, stepUp }: OwnDataOptions): Routes {
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
      body: z.strictObject(stepUpFields),
      problems: { ...stepUpProblems, 409: 'You are the last active admin.' },
    },
    async ({ body: { password, code }, user: caller, req }) => {
      const { id } = caller;
      const at = new Date().toISOString();
      const confirmed = await stepUp({ caller, from: clientOf(req), password, code });
      await confirmed(erasureKeys(id), (docs, { user }) => {
        const from = { address: '', agent: '' }; // who asks for nothing to be kept is not noted
        return erase(docs, user, { what: 'user.deleted', about: id, by: id, at, ...from, changes: changes(user, erased(user)) });
      });
      await dropPicture(id);
    },
  );

  return users;
}

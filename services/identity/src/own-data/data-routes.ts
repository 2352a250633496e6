import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Store } from '@sidecart/chassis/store';
import { z } from 'zod';
import { deletedProblem } from '../accounts/store.js';
import { changes } from '../accounts/trail.js';
import { erased } from '../accounts/user.js';
import { clientOf } from '../client.js';
import { stepUpFields } from '../sign-in/schemas.js';
import { stepUpProblems, type StepUp } from '../sign-in/step-up.js';
import { erase, erasureKeys } from './erase.js';
import { ownData } from './export.js';
import type { DropPicture } from './picture-files.js';
import { OwnData } from './schemas.js';

export interface OwnDataOptions {
  store: Store;
  dropPicture: DropPicture;
  stepUp: StepUp;
}

/** Exports and deletes what is stored about a person. */
export function ownDataRoutes({ store, dropPicture, stepUp }: OwnDataOptions): Routes {
  const users = routes('users');

  users.get(
    '/api/users/me/export',
    {
      summary: 'Returns everything that is stored about you here, as a file.',
      access: 'customer',
      rows: [13],
      reply: OwnData,
      problems: deletedProblem,
    },
    async ({ user, res }) => {
      const data = await ownData(store, user.id);
      res.setHeader('content-disposition', 'attachment; filename="my-data.json"');
      return data;
    },
  );

  users.delete(
    '/api/users/me',
    {
      summary: 'Deletes your account with profile, addresses, picture and sessions. Orders are kept for as long as the law requires.',
      access: 'customer',
      rows: [13],
      body: z.strictObject(stepUpFields),
      problems: { ...stepUpProblems, 409: 'You are the last active admin.' },
    },
    async ({ body: { password, code }, user: caller, req }) => {
      const { id } = caller;
      const confirmed = await stepUp({ caller, from: clientOf(req), password, code });
      await confirmed(erasureKeys(id), (docs, { user }, now) => {
        const from = { address: '', agent: '' }; // a person who is deleted leaves no trace of the device
        return erase(docs, user, {
          what: 'user.deleted',
          about: id,
          by: id,
          at: now.toISOString(),
          ...from,
          changes: changes(user, erased(user)),
        });
      });
      await dropPicture(id);
    },
  );

  return users;
}

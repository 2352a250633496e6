import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Change, Docs } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { Instant } from '@sidecart/contracts/common';
import { z } from 'zod';
import { clientFields } from '../accounts/schemas.js';
import { clientOf } from '../client.js';
import { signedInAccount, signedInKeys } from '../sessions/caller.js';
import { SessionId } from '../sessions/schemas.js';
import type { Session } from '../sessions/session.js';
import { endSession, endSessions, sessionKey, sessionsKey } from '../sessions/store.js';
import { recentOrStepUpFields } from './schemas.js';
import { stepUpProblems, type StepUp } from './step-up.js';

const Device = z
  .object({
    id: SessionId,
    createdAt: Instant,
    lastUsedAt: Instant,
    ...clientFields,
    current: z.boolean().describe('whether this is the session of the request'),
  })
  .meta({ id: 'Device' });

const Confirmation = z.strictObject({ password: recentOrStepUpFields.password });
const problems = {
  ...stepUpProblems,
  403: 'The password is wrong, or missing and the last sign-in was more than 10 minutes ago; or your account is suspended.',
  503: 'Too many passwords are being hashed. See Retry-After.',
};

/** Where a person is signed in. */
export function sessionRoutes({ store, stepUp }: { store: Store; stepUp: StepUp }): Routes {
  const auth = routes('auth');

  auth.get(
    '/api/auth/sessions',
    { summary: 'Lists your sessions, latest first.', access: 'customer', rows: [3], reply: z.object({ data: z.array(Device) }) },
    async ({ user }) => {
      const ids = (await store.read(sessionsKey(user.id))) ?? [];
      const sessions = await Promise.all(ids.map((id) => store.read(sessionKey(id))));
      const present = sessions.filter((session) => session !== undefined).toReversed();
      return { data: present.map((session) => device(session, user.sessionId)) };
    },
  );

  auth.delete(
    '/api/auth/sessions/:id',
    {
      summary: 'Ends a session. Unless it is the current one, this needs the password or a sign-in within the last 10 minutes.',
      access: 'customer',
      rows: [3],
      params: z.object({ id: SessionId }),
      body: Confirmation,
      problems: { ...problems, 404: 'You have no such session, or your account was deleted.' },
    },
    async ({ params: { id }, body: { password }, user: caller, req }) => {
      const end = (docs: Docs): Change<undefined> => {
        if (docs.get(sessionKey(id))?.userId !== caller.id) throw new DomainError('missing', 'not-found', 'The session was not found.');
        return { write: endSession(docs, caller.id, id), result: undefined };
      };
      const keys = [sessionKey(id), sessionsKey(caller.id)];
      if (id === caller.sessionId)
        return store.transact([...signedInKeys(caller), ...keys], (docs) => {
          signedInAccount(docs, caller);
          return end(docs);
        });
      const confirmed = await stepUp({ caller, from: clientOf(req), password, code: undefined }, 'one');
      return confirmed(keys, end);
    },
  );

  auth.delete(
    '/api/auth/sessions',
    {
      summary: 'Ends all your sessions, including the current one. Needs the password or a sign-in within the last 10 minutes.',
      access: 'customer',
      rows: [3],
      body: Confirmation,
      problems,
    },
    async ({ body: { password }, user: caller, req }) => {
      const confirmed = await stepUp({ caller, from: clientOf(req), password, code: undefined }, 'one');
      await confirmed([sessionsKey(caller.id)], (docs) => ({ write: endSessions(docs, caller.id), result: undefined }));
    },
  );

  return auth;
}

const device = ({ id, createdAt, lastUsedAt, address, agent }: Session, currentId: string) => ({
  id,
  createdAt,
  lastUsedAt,
  address,
  agent,
  current: id === currentId,
});

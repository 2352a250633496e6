import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Change, Docs } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { Instant } from '@sidecart/contracts/common';
import { z } from 'zod';
import { Client, clientOf } from '../client.js';
import { recentOrStepUpFields, stepUpProblems, type StepUp } from '../sign-in/step-up.js';
import { signedInAccount, signedInKeys } from './account.js';
import { SessionId, type Session } from './session.js';
import { endSession, endSessions, sessionKey, sessionsKey } from './store.js';

const Device = z
  .object({
    id: SessionId,
    createdAt: Instant,
    lastUsedAt: Instant,
    ...Client.shape,
    current: z.boolean().describe('whether it is the one that asks'),
  })
  .meta({ id: 'Device' });

const Proof = z.strictObject({ password: recentOrStepUpFields.password });
const proofProblems = {
  ...stepUpProblems,
  403: 'The password is wrong, or missing and the last sign-in was too long ago; or your account is suspended.',
  503: 'Too many passwords are being hashed: see Retry-After.',
};

/** Where a person is signed in. */
export function deviceRoutes({ store, stepUp }: { store: Store; stepUp: StepUp }): Routes {
  const auth = routes('auth');

  auth.get(
    '/api/auth/sessions',
    { summary: 'Where you are signed in, latest first.', access: 'customer', rows: [3], reply: z.object({ data: z.array(Device) }) },
    async ({ user }) => {
      const ids = (await store.read(sessionsKey(user.id))) ?? [];
      const sessions = await Promise.all(ids.map((id) => store.read(sessionKey(id))));
      const there = sessions.filter((session) => session !== undefined).toReversed();
      return { data: there.map((session) => device(session, user.sessionId)) };
    },
  );

  auth.delete(
    '/api/auth/sessions/:id',
    {
      summary: 'Ends a session. Ending another one than yours needs the password or a sign-in within the last 10 minutes.',
      access: 'customer',
      rows: [3],
      params: z.object({ id: SessionId }),
      body: Proof,
      problems: { ...proofProblems, 404: 'You have no such session, or your account was deleted.' },
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
      summary: 'Ends all your sessions, this one too. Needs the password or a sign-in within the last 10 minutes.',
      access: 'customer',
      rows: [3],
      body: Proof,
      problems: proofProblems,
    },
    async ({ body: { password }, user: caller, req }) => {
      const confirmed = await stepUp({ caller, from: clientOf(req), password, code: undefined }, 'one');
      await confirmed([sessionsKey(caller.id)], (docs) => ({ write: endSessions(docs, caller.id), result: undefined }));
    },
  );

  return auth;
}

const device = ({ id, createdAt, lastUsedAt, address, agent }: Session, current: string) => ({
  id,
  createdAt,
  lastUsedAt,
  address,
  agent,
  current: id === current,
});

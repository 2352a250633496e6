import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Store } from '@sidecart/chassis/store';
import { Instant } from '@sidecart/contracts/common';
import { z } from 'zod';
import { Client } from '../client.js';
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

/** Where a person is signed in. */
export function deviceRoutes(store: Store): Routes {
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
      summary: 'Signs one device out: its refresh token is not good any more.',
      access: 'customer',
      rows: [3],
      params: z.object({ id: SessionId }),
      problems: { 404: 'You have no such session.' },
    },
    async ({ params: { id }, user }) => {
      await store.transact([...signedInKeys(user), sessionKey(id), sessionsKey(user.id)], (docs) => {
        signedInAccount(docs, user);
        if (docs.get(sessionKey(id))?.userId !== user.id) throw new DomainError('missing', 'not-found', 'The session was not found.');
        return { write: endSession(docs, user.id, id), result: undefined };
      });
    },
  );

  auth.delete('/api/auth/sessions', { summary: 'Signs you out everywhere, here too.', access: 'customer', rows: [3] }, async ({ user }) => {
    await store.transact([...signedInKeys(user), sessionsKey(user.id)], (docs) => {
      const { id } = signedInAccount(docs, user);
      return { write: endSessions(docs, id), result: undefined };
    });
  });

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

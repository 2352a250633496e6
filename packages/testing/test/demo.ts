import { serve } from '@sidecart/chassis/calls';
import { DomainError } from '@sidecart/chassis/errors';
import { routes } from '@sidecart/chassis/routes';
import type { App, Deps } from '@sidecart/chassis/service';
import { key, put } from '@sidecart/chassis/state';
import { subscriptions } from '@sidecart/chassis/subscriptions';
import { call } from '@sidecart/contracts/call';
import { event } from '@sidecart/contracts/event';
import { z } from 'zod';

export const Rung = event('bell.rung', 1, z.object({ times: z.number().int() }));
export const Double = call('demo', 'double', z.strictObject({ n: z.number().int() }), z.object({ n: z.number().int() }));

const Note = z.strictObject({
  text: z.string().min(1).max(20),
  lines: z
    .array(z.strictObject({ quantity: z.number().int().min(1) }))
    .max(3)
    .optional(),
});
const bell = key<{ times: number }>('bell');

/** A service with a route of each kind, to test the chassis with. */
export function createDemo({ store, logger }: Deps<object>): App {
  const api = routes('Demo');
  api.post(
    '/api/notes',
    { summary: 'Returns the note.', access: 'customer', rows: [1], body: Note, reply: Note, status: 201 },
    ({ body }) => body,
  );
  api.get(
    '/api/notes/:id',
    {
      summary: 'Returns the caller.',
      access: 'public',
      params: z.strictObject({ id: z.string().max(5) }),
      query: z.strictObject({ limit: z.coerce.number().int().max(100).default(20) }),
      reply: z.object({ caller: z.string(), limit: z.number() }),
    },
    ({ user, query }) => ({ caller: user?.id ?? 'nobody', limit: query.limit }),
  );
  api.delete('/api/notes', { summary: 'Does nothing, for staff.', access: { staff: 'catalog' } }, () => undefined);
  api.get('/api/broken', { summary: 'Fails.', access: 'public', reply: z.string() }, () => {
    throw new Error('a secret detail');
  });
  api.get('/api/busy', { summary: 'Is busy.', access: 'public', reply: z.string() }, () => {
    throw new DomainError('unavailable', 'busy', 'Come back later.', { retryAfter: 7 });
  });
  serve(api, Double, async ({ n }) => {
    if (n > 100) throw new DomainError('conflict', 'too-big', 'That is too big.', { lines: [{ n }] });
    return { n: n * 2 };
  });
  const events = subscriptions({ app: 'demo', logger });
  events.on(Rung, async ({ data: { times } }) => {
    if (times < 0) throw new DomainError('invalid', 'negative', 'No.');
    if (times > 100) throw new Error('not yet');
    await store.transact([bell], () => ({ write: [put(bell, { times })], result: undefined }));
  });
  return { routes: [api], subscriptions: events };
}

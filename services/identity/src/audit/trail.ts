import { append, list } from '@sidecart/chassis/lists';
import type { Docs, Write } from '@sidecart/chassis/state';
import { Instant, UserId } from '@sidecart/contracts/common';
import { z } from 'zod';
import { Client } from '../client.js';

const Value = z.union([z.string(), z.array(z.string()), z.null()]);

/** Something that was done to an account. It names people by their ids alone, so that it can stay when they go. */
export const Act = z
  .object({
    what: z.enum(['user.created', 'user.changed', 'user.deleted', 'user.two_factor_reset']).meta({ examples: ['user.changed'] }),
    about: UserId.describe('whose account'),
    by: z.string().meta({ description: 'who did it', examples: ['fc3c3350-113f-43df-b2f7-f42e51f9d207'] }),
    at: Instant,
    ...Client.shape,
    changes: z
      .record(z.string(), z.object({ before: Value, after: Value }))
      .meta({ examples: [{ role: { before: 'customer', after: 'staff' }, permissions: { before: [], after: ['orders'] } }] }),
  })
  .meta({ id: 'Act' });
export type Act = z.infer<typeof Act>;

export const trail = list<Act>('audit');
export const trailOf = (userId: string) => list<Act>('audit-of', userId);

/** What `noteAct` reads. */
export const trailKeys = (userId: string) => [trail.at, trailOf(userId).at];

export const noteAct = (docs: Docs, act: Act): Write[] => [...append(docs, trail, act), ...append(docs, trailOf(act.about), act)];

type Audited = Record<'role' | 'status', string | null> & { permissions: readonly string[] };

const NOBODY: Audited = { role: null, status: null, permissions: [] };

/** What of an account the trail tells: nothing that is secret or only the person's. */
export function changes(before: Audited = NOBODY, after: Audited = NOBODY): Act['changes'] {
  const of = ({ role, status, permissions }: Audited) => ({ role, status, permissions: permissions.toSorted() });
  const [old, now] = [of(before), of(after)];
  const fields = ['role', 'status', 'permissions'] as const;
  const changed = fields.filter((field) => JSON.stringify(old[field]) !== JSON.stringify(now[field]));
  return Object.fromEntries(changed.map((field) => [field, { before: old[field], after: now[field] }]));
}

import { append, list } from '@sidecart/chassis/lists';
import type { Docs, Write } from '@sidecart/chassis/state';
import { Instant, UserId } from '@sidecart/contracts/common';
import { z } from 'zod';
import { Client } from '../client.js';

const Value = z.union([z.string(), z.array(z.string()), z.null()]);

/**
 * An entry of the audit trail. It refers to people by id only, so it can be kept after they are
 * deleted.
 */
export const Act = z
  .object({
    what: z.enum(['user.created', 'user.changed', 'user.deleted', 'user.two_factor_reset']).meta({ examples: ['user.changed'] }),
    about: UserId.describe('the account that was changed'),
    by: z.string().meta({ description: 'the account that made the change', examples: ['fc3c3350-113f-43df-b2f7-f42e51f9d207'] }),
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
export const trailKeys = (userId: string) => [trail.head, trailOf(userId).head];

export const noteAct = (docs: Docs, act: Act): Write[] => [...append(docs, trail, act), ...append(docs, trailOf(act.about), act)];

type Audited = Record<'role' | 'status', string | null> & { permissions: readonly string[] };

const NOBODY: Audited = { role: null, status: null, permissions: [] };

/**
 * Returns what the trail records of a change: role, status and permissions, nothing secret or
 * personal.
 */
export function changes(before: Audited = NOBODY, after: Audited = NOBODY): Act['changes'] {
  const audited = ({ role, status, permissions }: Audited) => ({ role, status, permissions: permissions.toSorted() });
  const [old, current] = [audited(before), audited(after)];
  const fields = ['role', 'status', 'permissions'] as const;
  const changed = fields.filter((field) => JSON.stringify(old[field]) !== JSON.stringify(current[field]));
  return Object.fromEntries(changed.map((field) => [field, { before: old[field], after: current[field] }]));
}

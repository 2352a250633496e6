import { append, list } from '@sidecart/chassis/lists';
import type { Docs, Write } from '@sidecart/chassis/state';
import type { Client } from '../client.js';

export const DEEDS = ['user.created', 'user.changed', 'user.deleted', 'user.two_factor_reset'] as const;

type Value = string | string[] | null;

/**
 * An entry of the audit trail. It refers to people by id only, so it can be kept after they are
 * deleted.
 */
export interface Act extends Client {
  what: (typeof DEEDS)[number];
  /** The account that was changed. */
  about: string;
  /** The account that made the change. */
  by: string;
  at: string;
  changes: Record<string, { before: Value; after: Value }>;
}

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

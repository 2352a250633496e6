import { createHash } from 'node:crypto';
import { z } from 'zod';
import { DomainError } from './errors.js';

/** The header with which a client marks repeats of one request. Eight characters at least, so that nobody counts 1, 2, 3. */
export const IdempotencyKey = z.object({
  'idempotency-key': z
    .string()
    .min(8)
    .max(128)
    .optional()
    .meta({
      description: 'The same key again, with the same body, gives the same answer and does nothing twice.',
      examples: ['d0f6a2b8-checkout-1'],
    }),
});

/** The same id for the same parts, in the shape of a UUID: what a repeat is recognised by. */
export function derivedId(...parts: (string | number)[]): string {
  const hex = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, '$1-$2-$3-$4-$5');
}

export const keyReused = () =>
  new DomainError('conflict', 'idempotency-key-reused', 'This Idempotency-Key was used before, for another request.');

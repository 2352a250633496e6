import { createHash } from 'node:crypto';
import { z } from 'zod';
import { DomainError } from './errors.js';

/**
 * The header that marks repeats of one request. At least eight characters, so no client counts 1,
 * 2, 3.
 */
export const IdempotencyKey = z.object({
  'idempotency-key': z
    .string()
    .min(8)
    .max(128)
    .optional()
    .meta({
      description: 'A request repeated with the same key and body returns the same reply and has no further effect.',
      examples: ['d0f6a2b8-checkout-1'],
    }),
});

/**
 * Returns an id in the shape of a UUID, always the same for the same parts. It identifies a repeat.
 */
export function derivedId(...parts: (string | number)[]): string {
  const hex = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, '$1-$2-$3-$4-$5');
}

export const keyReused = () =>
  new DomainError('conflict', 'idempotency-key-reused', 'This Idempotency-Key was already used for another request.');

import { z } from 'zod';

const KEY_BYTES = 32;

const Key = z
  .string()
  .refine((text) => /^[A-Za-z0-9+/]{43}=$/.test(text), `must be keys of ${KEY_BYTES} bytes as base64, separated by spaces`)
  .transform((text) => Buffer.from(text, 'base64'));

/** Newest first. */
export const TwoFactorKeys = z
  .string()
  .transform((text) => text.trim().split(/\s+/))
  .pipe(z.tuple([Key], Key));
export type TwoFactorKeys = z.infer<typeof TwoFactorKeys>;

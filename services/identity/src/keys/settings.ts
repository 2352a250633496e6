import { createPrivateKey } from 'node:crypto';
import { parseSigningKeys } from '@sidecart/contracts/signing-keys';
import { z } from 'zod';

const PrivateKey = z
  .looseObject({ kid: z.string().min(1), kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string(), d: z.string() })
  .refine(isPrivateKey, 'must be a private key on P-256');

const SigningKeySet = z.object({ keys: z.tuple([PrivateKey], PrivateKey) });
export type SigningKeySet = z.infer<typeof SigningKeySet>;

/** The setting: a JSON Web Key Set or one key as PEM. */
export const SigningKeys = z
  .string()
  .transform((text, context) => {
    try {
      return parseSigningKeys(text);
    } catch {
      context.addIssue('must be JSON or a PEM key');
      return z.NEVER;
    }
  })
  .pipe(SigningKeySet);

function isPrivateKey(jwk: Record<string, unknown>): boolean {
  try {
    return createPrivateKey({ key: jwk, format: 'jwk' }).type === 'private';
  } catch {
    return false;
  }
}

import { z } from 'zod';
import { Digits, Email } from '../accounts/values.js';

/** `<holder>.<secret>` */
const LinkToken = z
  .string()
  .regex(/^[\w-]{1,64}\.[\w-]{43}$/, 'must be the token of a link that was mailed')
  .meta({ examples: ['5b1f7c7e-2f0a-4c39-9d6e-1a8f3b2c4d5e.75uPeE6VB9b7Hm3sZjvZA2LBKWABTJPDPqpWsjmMcao'] });

/**
 * What a mail contained: a code, sent with the email address it went to, or the token of a link.
 */
export const proofFields = { email: Email.optional(), code: Digits.optional(), token: LinkToken.optional() };

export const ONE_PROOF = { message: 'send either email and code, or token', path: ['token'] };

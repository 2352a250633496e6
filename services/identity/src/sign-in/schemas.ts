import { Instant } from '@sidecart/contracts/common';
import { z } from 'zod';
import { clientFields } from '../accounts/schemas.js';
import { CurrentPassword } from '../accounts/values.js';
import { SignedIn } from '../sessions/schemas.js';
import { METHODS } from './challenge.js';
import { OUTCOMES } from './history.js';

/** The guest cart to merge into the cart of the person who signs in. */
export const CartSession = z.object({
  'x-cart-session-id': z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .optional()
    .meta({ examples: ['guest-6f1d0c8a7b2e4935'] }),
});

export const Method = z.enum(METHODS);

/** `<challenge id>.<secret>` */
export const ChallengeToken = z
  .string()
  .regex(/^[\w-]{36}\.[\w-]{43}$/, 'must be the token of a sign-in')
  .meta({ examples: ['ff7e8bd3-a22f-472e-abba-0dad9f4f3dd2.k10R0I-ZBQoZUS3QyqXY4WiXL9lKhS1Png9GifFYbwI'] });

export const TwoFactorNeeded = z
  .object({
    twoFactor: z.object({
      token: ChallengeToken.describe('for /api/auth/2fa/verify; expires after 10 minutes'),
      methods: z.array(Method).meta({ examples: [['totp', 'recovery']] }),
    }),
  })
  .meta({ id: 'TwoFactorNeeded' });

export const SignInReply = z.union([SignedIn, TwoFactorNeeded]);

export const Login = z
  .object({
    at: Instant.describe('of the last attempt'),
    outcome: z.enum(OUTCOMES),
    ...clientFields,
    times: z
      .number()
      .int()
      .meta({ description: 'how many such attempts were made in a row', examples: [1] }),
  })
  .meta({ id: 'Login' });

/** What a sensitive change takes besides its own fields. */
export const stepUpFields = {
  password: CurrentPassword,
  code: z
    .string()
    .trim()
    .min(6)
    .max(40)
    .optional()
    .meta({
      description: 'a code from the authenticator app or a recovery code; required while two-factor authentication is on',
      examples: ['402817'],
    }),
};

/** The same if a sign-in within the last 10 minutes may replace the password. */
export const recentOrStepUpFields = { ...stepUpFields, password: CurrentPassword.optional() };

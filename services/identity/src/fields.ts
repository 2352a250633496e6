import { UserId } from '@sidecart/contracts/common';
import { z } from 'zod';
import { isCommon } from './passwords/common.js';

/** Addresses are at most so long that one is part of a key in every state store. */
const MAX_EMAIL = 200;

export const Email = z
  .string()
  .trim()
  .normalize('NFKC')
  .max(MAX_EMAIL)
  .regex(z.regexes.email, 'an e-mail address')
  .meta({ examples: ['bea@example.com'] });

/** One way to write a password, however the keyboard composed it. */
const Typed = z.string().max(128).normalize('NFKC');
export const Password = Typed.min(8)
  .refine((password) => !isCommon(password), 'one of the most common passwords')
  .meta({ examples: ['seven green bicycles'] });
/** What may be tried: rules for new passwords are no rules for old ones. */
export const TriedPassword = Typed.min(1).meta({ examples: ['seven green bicycles'] });

export const Name = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^\P{Cc}*$/u, 'no control characters')
  .meta({ examples: ['Bea'] });

/** Of an account, as a path names it. */
export const AccountId = z.uuid().meta({ ...UserId.meta() });

export const Locale = z
  .string()
  .regex(/^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|\d{3}))?$/, 'a language tag such as en or de-AT')
  .meta({ examples: ['en'] });

/** Of a sign-in provider: in the settings and in paths. */
export const ProviderName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,30}$/, 'lower-case letters, digits and -, 31 at the most')
  .meta({ examples: ['google'] });

/** The guest cart that whoever signs in brings along. */
export const CartSession = z.object({
  'x-cart-session-id': z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .optional()
    .meta({ examples: ['guest-6f1d0c8a7b2e4935'] }),
});

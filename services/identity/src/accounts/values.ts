/** Values that requests, settings and sign-in providers send. */
import { z } from 'zod';
import { isCommon } from './common-passwords.js';

/** Email addresses are part of keys, whose length state stores limit. */
const MAX_EMAIL = 200;

export const Email = z
  .string()
  .trim()
  .normalize('NFKC')
  .max(MAX_EMAIL)
  .regex(z.regexes.email, 'must be an email address')
  .meta({ examples: ['bea@example.com'] });

/** Normalized, because keyboards compose the same letter differently. */
const Typed = z.string().max(128).normalize('NFKC');
export const Password = Typed.min(8)
  .refine((password) => !isCommon(password), 'is one of the most common passwords')
  .meta({ examples: ['seven green bicycles'] });
/** The rules for new passwords do not apply to existing ones. */
export const CurrentPassword = Typed.min(1).meta({ examples: ['seven green bicycles'] });

/** The digits of a code by mail, by text message or from an authenticator app. */
export const Digits = z
  .string()
  .regex(/^\d{6}$/, 'must be six digits')
  .meta({ examples: ['402817'] });

export const Name = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^\P{Cc}*$/u, 'must not contain control characters')
  .meta({ examples: ['Bea'] });

export const Locale = z
  .string()
  .regex(/^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|\d{3}))?$/, 'must be a language tag such as en or de-AT')
  .meta({ examples: ['en'] });

/** The name of a sign-in provider, in the settings and in paths. */
export const ProviderName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,30}$/, 'must be 1 to 31 lower-case letters, digits and hyphens, starting with a letter')
  .meta({ examples: ['google'] });

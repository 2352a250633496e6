import { parseSigningKeys } from '@sidecart/contracts/signing-keys';
import { z } from 'zod';
import { Email, Password } from './fields.js';
import { SigningKeySet } from './keys/keys.js';
import { Origins, ProviderList } from './providers/settings.js';
import { TwoFactorKeys } from './two-factor/encryption.js';

const PerHour = z.coerce.number().int().min(1).max(1_000_000);

export const Settings = z.object({
  /** A JSON Web Key Set of private ES256 keys. The newest stands first; tokens of the others are accepted until they end. Or one key as PEM. */
  SIGNING_KEYS: z.string().transform(keySet).pipe(SigningKeySet),
  /** Keys that encrypt the secrets of authenticator apps: 32 bytes as base64 each, the newest first, separated by spaces. */
  TWO_FACTOR_KEYS: TwoFactorKeys,
  /** The shop's own address, as browsers know it. */
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).default('http://localhost:8080'),
  /** Other origins that a sign-in with a provider may send the browser back to, separated by spaces. */
  RETURN_ORIGINS: z.string().default('').pipe(Origins),
  /** OpenID Connect providers to sign in with: `[{ name, issuer, clientId, clientSecret }]`, with `name` as in `/api/auth/<name>/callback`. */
  OIDC_PROVIDERS: z.string().default('[]').transform(json).pipe(ProviderList),
  /** Where the index of users is kept: `file:<folder>`, `mongodb://<hosts>/<database>` or, for tests, `memory:`. */
  DOCUMENTS_URL: z.string().min(1),
  /** The admin who is created at the first start; later starts create none. */
  ADMIN_EMAIL: Email,
  ADMIN_PASSWORD: Password,
  /** What hashing a password costs with Argon2id: KiB of memory, and passes over it. The defaults are what OWASP recommends. */
  PASSWORD_MEMORY_KIB: z.coerce.number().int().min(1_024).default(19_456),
  PASSWORD_PASSES: z.coerce.number().int().min(1).default(2),
  /** How many sign-ins may wait for a hash, and how many new passwords. Beyond that they get a 503. */
  PASSWORD_QUEUE: z.coerce.number().int().min(1).default(100),
  /** How often per hour may be registered, and mails and text messages be asked for, from one place: an IPv4 address or an IPv6 /64. */
  REGISTRATIONS_PER_PLACE: PerHour.default(50),
  MAILS_PER_PLACE: PerHour.default(100),
  TEXTS_PER_PLACE: PerHour.default(10),
  /** How many text messages the whole shop sends per hour: they cost money. */
  TEXTS_PER_HOUR: PerHour.default(300),
  /** Days after its sign-in when a session ends, however often it is refreshed. */
  SESSION_DAYS: z.coerce.number().int().min(1).max(365).default(90),
  /** What needs an address that is proved: `orders` to place one, `login` to sign in. */
  REQUIRE_VERIFIED: z.enum(['never', 'orders', 'login']).default('never'),
  /** Staff and admins then need a second factor: their app's code, or one by mail. */
  STAFF_NEED_TWO_FACTOR: z.stringbool().default(false),
  /** The shop's pages that links in mails lead to: `<here>/verify-email#token=...` and `<here>/reset-password#token=...`. */
  ACCOUNT_PAGES: z.url({ protocol: /^https?$/ }).default('http://localhost:8080/account'),
});
export type Settings = z.infer<typeof Settings>;

function keySet(text: string, context: z.RefinementCtx): unknown {
  try {
    return parseSigningKeys(text);
  } catch {
    context.addIssue('neither JSON nor a PEM key');
    return z.NEVER;
  }
}

function json(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue('not JSON');
    return z.NEVER;
  }
}

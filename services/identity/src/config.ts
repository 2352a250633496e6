import { z } from 'zod';
import { Email, Password } from './accounts/values.js';
import { SigningKeys } from './keys/settings.js';
import { Origins, ProviderList } from './providers/settings.js';
import { TwoFactorKeys } from './two-factor/settings.js';

const PerHour = z.coerce.number().int().min(1).max(1_000_000);

export const Settings = z.object({
  /**
   * A JSON Web Key Set of private ES256 keys, newest first, or one key as PEM. Tokens of the older
   * keys are accepted until they expire.
   */
  SIGNING_KEYS: SigningKeys,
  /**
   * Keys that encrypt the secrets of authenticator apps: 32 bytes each as base64, newest first,
   * separated by spaces.
   */
  TWO_FACTOR_KEYS: TwoFactorKeys,
  /** The address of the shop, as browsers know it. */
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).default('http://localhost:8080'),
  /**
   * Other origins that a sign-in with a provider may send the browser back to, separated by spaces.
   */
  RETURN_ORIGINS: z.string().default('').pipe(Origins),
  /**
   * OpenID Connect providers to sign in with: `[{ name, issuer, clientId, clientSecret }]`, with
   * `name` as in `/api/auth/<name>/callback`.
   */
  OIDC_PROVIDERS: z.string().default('[]').transform(json).pipe(ProviderList),
  /**
   * Where the index of users is stored: `file:<folder>`, `mongodb://<hosts>/<database>` or, for
   * tests, `memory:`.
   */
  DOCUMENTS_URL: z.string().min(1),
  /** The admin to create on the first start. Later starts create nobody. */
  ADMIN_EMAIL: Email,
  ADMIN_PASSWORD: Password,
  /**
   * The cost of a password hash with Argon2id: memory in KiB, and passes. The defaults are OWASP's
   * recommendation.
   */
  PASSWORD_MEMORY_KIB: z.coerce.number().int().min(1_024).default(19_456),
  PASSWORD_PASSES: z.coerce.number().int().min(1).default(2),
  /** How many sign-ins and how many new passwords may wait for a hash. Further ones get a 503. */
  PASSWORD_QUEUE: z.coerce.number().int().min(1).default(100),
  /**
   * How many registrations, mails and text messages per hour are allowed from one place: an IPv4
   * address or an IPv6 /64.
   */
  REGISTRATIONS_PER_PLACE: PerHour.default(50),
  MAILS_PER_PLACE: PerHour.default(100),
  TEXTS_PER_PLACE: PerHour.default(10),
  /** How many text messages the whole shop sends per hour, since they cost money. */
  TEXTS_PER_HOUR: PerHour.default(300),
  /** The lifetime of a session in days, however often it is refreshed. */
  SESSION_DAYS: z.coerce.number().int().min(1).max(365).default(90),
  /** What needs a verified email address: `orders` to place one, `login` to sign in. */
  REQUIRE_VERIFIED: z.enum(['never', 'orders', 'login']).default('never'),
  /** Whether staff and admins need a second factor: an authenticator app, or codes by mail. */
  STAFF_NEED_TWO_FACTOR: z.stringbool().default(false),
  /**
   * The pages that links in mails lead to: `<ACCOUNT_PAGES>/verify-email#token=...` and
   * `<ACCOUNT_PAGES>/reset-password#token=...`.
   */
  ACCOUNT_PAGES: z.url({ protocol: /^https?$/ }).default('http://localhost:8080/account'),
});
export type Settings = z.infer<typeof Settings>;

function json(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue('must be JSON');
    return z.NEVER;
  }
}

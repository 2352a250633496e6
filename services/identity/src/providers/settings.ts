import { z } from 'zod';
import { ProviderName } from '../accounts/values.js';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Client secrets and codes are sent there, so it must be encrypted except on this machine. */
const Issuer = z.url({ protocol: /^https?$/ }).refine(isPrivate, 'must be https, or http on this machine');

/** The first segments of other paths under /api/auth. */
export const TAKEN_NAMES: ReadonlySet<string> = new Set([
  '2fa',
  'email-verification',
  'identities',
  'login',
  'logout',
  'password',
  'password-reset',
  'providers',
  'register',
  'sessions',
  'token',
]);

const Provider = z.strictObject({
  /** Part of the provider's paths: `/api/auth/<name>`. */
  name: ProviderName.refine((name) => !TAKEN_NAMES.has(name), 'must not be the name of another route under /api/auth'),
  issuer: Issuer,
  clientId: z.string().min(1),
  clientSecret: z.string().min(1),
  /**
   * Whether an email address that the provider calls verified may open an account, or sign in to
   * the one that has it. A provider that lets people claim any address would give them the accounts
   * of others. Without it, people can still link the provider once they are signed in.
   */
  trustEmail: z.boolean().default(false),
});
export type ProviderSettings = z.infer<typeof Provider>;

export const ProviderList = z
  .array(Provider)
  .max(20)
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'must not have two providers of the same name');

/** Origins, separated by spaces. */
export const Origins = z
  .string()
  .transform((text) => text.split(' ').filter(Boolean))
  .pipe(z.array(z.url({ protocol: /^https?$/ }).transform((url) => new URL(url).origin)));

function isPrivate(url: string): boolean {
  return !URL.canParse(url) || url.startsWith('https:') || LOOPBACK.has(new URL(url).hostname);
}

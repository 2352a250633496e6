import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSigningKeys } from '@sidecart/contracts/signing-keys';
import { z } from 'zod';
import { secretsFile, type Secrets } from './components.js';

/**
 * The services' own secrets, by secret name: made once per folder, kept from then on.
 * @param apps each has a secret `sidecart-<app id>`, empty if it needs none
 */
export async function serviceSecrets(folder: string, apps: string[]): Promise<Secrets> {
  const kept: Secrets = await readFile(secretsFile(folder), 'utf8').then(JSON.parse, () => ({}));
  const made: Secrets = {
    'sidecart-identity': {
      SIGNING_KEYS: signingKeys(),
      TWO_FACTOR_KEYS: randomBytes(32).toString('base64'),
      ADMIN_EMAIL: 'admin@shop.example',
      ADMIN_PASSWORD: randomBytes(12).toString('base64url'),
    },
    'sidecart-payments': { PAYMENT_WEBHOOK_SECRET: token() },
  };
  // Where things are is said again at every start.
  const documents = (app: string) => ({ DOCUMENTS_URL: process.env['DOCUMENTS_URL'] ?? `file:${join(folder, 'documents', app)}` });
  const places: Secrets = { 'sidecart-identity': documents('identity'), 'sidecart-catalog': documents('catalog') };
  const names = apps.map((app) => `sidecart-${app}`);
  return Object.fromEntries(names.map((name) => [name, { ...made[name], ...kept[name], ...places[name] }]));
}

/** What an app and its sidecar show each other. No other app or sidecar has either token. */
export interface Tokens {
  DAPR_API_TOKEN: string;
  APP_API_TOKEN: string;
}

/** A new pair of tokens for each app, by app id. */
export function appTokens(apps: string[]): Record<string, Tokens> {
  return Object.fromEntries(apps.map((app) => [app, { DAPR_API_TOKEN: token(), APP_API_TOKEN: token() }]));
}

/** Returns 256 random bits as hex. */
export function token(): string {
  return randomBytes(32).toString('hex');
}

const Keys = z.object({ keys: z.array(z.looseObject({ kid: z.string(), created: z.iso.datetime().optional() })) });

/** A JWK set with one private ES256 key. */
const signingKeys = () => rotated('{"keys":[]}', new Date());

/** No token of a key is good for longer, once the next one signs. */
const GRACE_MS = 60 * 60_000;

/**
 * The JWK set with a new private ES256 key at its head. The one before stays, and earlier ones until nobody can have a token of theirs.
 * @param text the set as it stands in SIGNING_KEYS
 */
export function rotated(text: string, at: Date): string {
  const { keys } = Keys.parse(parseSigningKeys(text));
  const needed = keys.filter((_, i) => i === 0 || at.getTime() - Date.parse(keys[i - 1]?.created ?? '') < GRACE_MS);
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  return JSON.stringify({ keys: [{ ...key, kid: randomUUID(), alg: 'ES256', use: 'sig', created: at.toISOString() }, ...needed] });
}

/** Gives identity a new key, in the folder's secrets. */
export async function rotateIn(folder: string, at: Date): Promise<void> {
  const file = secretsFile(folder);
  const secrets = z.record(z.string(), z.record(z.string(), z.string())).parse(JSON.parse(await readFile(file, 'utf8')));
  const identity = secrets['sidecart-identity'] ?? {};
  const changed = { ...secrets, 'sidecart-identity': { ...identity, SIGNING_KEYS: rotated(identity['SIGNING_KEYS'] ?? '', at) } };
  await writeFile(`${file}.new`, JSON.stringify(changed, null, 2), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

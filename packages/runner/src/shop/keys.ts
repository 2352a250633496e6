import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSigningKeys } from '@sidecart/contracts/signing-keys';
import { z } from 'zod';
import { secretsFile, type Secrets } from './components.js';
import { appsOf, type SecretKind, type Services } from './services.js';

const GENERATE: Record<Exclude<SecretKind, 'given'>, () => string> = {
  'signing-key': () => rotated('{"keys":[]}', new Date()),
  key: () => randomBytes(32).toString('base64'),
  password: () => randomBytes(12).toString('base64url'),
  token,
};

const DEFAULTS: Record<string, string> = { ADMIN_EMAIL: 'admin@shop.example' };

/**
 * Returns the secret `sidecart-<app id>` of every service, by name. Keeps what the folder has, and
 * generates the rest.
 * @throws if neither the environment nor a default has a required setting
 */
export async function serviceSecrets(folder: string, services: Services): Promise<Secrets> {
  const kept: Secrets = await readFile(secretsFile(folder), 'utf8').then(JSON.parse, () => ({}));

  function setting(app: string, name: string, kind: SecretKind): string {
    // Not kept, because the folder may have moved.
    if (name === 'DOCUMENTS_URL') return process.env[name] ?? `file:${join(folder, 'documents', app)}`;
    const value = kept[`sidecart-${app}`]?.[name];
    if (value !== undefined) return value;
    if (kind !== 'given') return GENERATE[kind]();
    const given = process.env[name] ?? DEFAULTS[name];
    if (given === undefined) throw new Error(`${app} does not start without ${name}. Set it in the environment.`);
    return given;
  }

  const secretOf = (app: string) => {
    const needed = Object.entries(services[app]?.secrets ?? {}).map(([name, kind]) => [name, setting(app, name, kind)]);
    return { ...kept[`sidecart-${app}`], ...Object.fromEntries(needed) };
  };
  return Object.fromEntries(appsOf(services).map((app) => [`sidecart-${app}`, secretOf(app)]));
}

/**
 * The tokens by which an app and its sidecar recognize each other. No other app or sidecar has
 * them.
 */
export interface Tokens {
  DAPR_API_TOKEN: string;
  APP_API_TOKEN: string;
}

/** Returns a new pair of tokens for each app, by app id. */
export function appTokens(apps: string[]): Record<string, Tokens> {
  return Object.fromEntries(apps.map((app) => [app, { DAPR_API_TOKEN: token(), APP_API_TOKEN: token() }]));
}

/** Returns 256 random bits as hex. */
export function token(): string {
  return randomBytes(32).toString('hex');
}

const Keys = z.object({ keys: z.array(z.looseObject({ kid: z.string(), created: z.iso.datetime().optional() })) });

/** Longest validity of a token of an earlier key, once the next key signs. */
const GRACE_MS = 60 * 60_000;

/**
 * Returns the JWK set with a new private ES256 key first. The previous key stays, and earlier keys
 * stay until all of their tokens have expired.
 * @param text the set in SIGNING_KEYS
 */
export function rotated(text: string, at: Date): string {
  const { keys } = Keys.parse(parseSigningKeys(text));
  const needed = keys.filter((_, i) => i === 0 || at.getTime() - Date.parse(keys[i - 1]?.created ?? '') < GRACE_MS);
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  return JSON.stringify({ keys: [{ ...key, kid: randomUUID(), alg: 'ES256', use: 'sig', created: at.toISOString() }, ...needed] });
}

/** Adds a new signing key for identity to the secrets in the folder. */
export async function rotateIn(folder: string, at: Date): Promise<void> {
  const file = secretsFile(folder);
  const secrets = z.record(z.string(), z.record(z.string(), z.string())).parse(JSON.parse(await readFile(file, 'utf8')));
  const identity = secrets['sidecart-identity'] ?? {};
  const changed = { ...secrets, 'sidecart-identity': { ...identity, SIGNING_KEYS: rotated(identity['SIGNING_KEYS'] ?? '', at) } };
  await writeFile(`${file}.new`, JSON.stringify(changed, null, 2), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

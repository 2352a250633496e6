import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
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

/** 256 bits that nobody can guess. */
export function token(): string {
  return randomBytes(32).toString('hex');
}

/** A JWK set with one private ES256 key. */
function signingKeys(): string {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  return JSON.stringify({ keys: [{ ...key, kid: randomUUID(), alg: 'ES256', use: 'sig' }] });
}

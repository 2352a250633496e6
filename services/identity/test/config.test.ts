import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { BadSettings, settings } from '@sidecart/chassis/config';
import { Settings } from '../src/config.js';
import { aKey } from './identity.js';

const good = {
  DOCUMENTS_URL: 'memory:',
  SIGNING_KEYS: JSON.stringify({ keys: [aKey('one')] }),
  TWO_FACTOR_KEYS: randomBytes(32).toString('base64'),
  ADMIN_EMAIL: 'admin@shop.example',
  ADMIN_PASSWORD: 'only for tests',
};

function complaint(change: Record<string, string | undefined>): string {
  try {
    settings(Settings, { ...good, ...change });
  } catch (error) {
    if (error instanceof BadSettings) return error.message;
  }
  return 'none';
}

test('accepts valid settings, with the recommended cost of a password', () => {
  expect(settings(Settings, good)).toMatchObject({ PASSWORD_MEMORY_KIB: 19_456, PASSWORD_PASSES: 2 });
});

test('names every missing setting', () => {
  const message = complaint(Object.fromEntries(Object.keys(good).map((name) => [name, undefined])));
  for (const name of Object.keys(good)) expect(message).toContain(`${name}: is missing`);
});

test('accepts one key as PEM, with the same key id on every start', () => {
  const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'sec1' }).toString();
  const { keys } = settings(Settings, { ...good, SIGNING_KEYS: pem }).SIGNING_KEYS;
  expect(keys).toMatchObject([{ kid: expect.stringMatching(/^[\w-]{43}$/), kty: 'EC', crv: 'P-256' }]);
  expect(settings(Settings, { ...good, SIGNING_KEYS: pem }).SIGNING_KEYS.keys).toEqual(keys);
});

const { d: _, ...withoutD } = aKey('public');
test.each([
  ['not JSON', '{"keys'],
  ['no key', '{"keys":[]}'],
  ['a broken PEM', '-----BEGIN EC PRIVATE KEY-----\nrubbish\n-----END EC PRIVATE KEY-----'],
  ['a public key', JSON.stringify({ keys: [withoutD] })],
  [
    'a key of another kind',
    JSON.stringify({ keys: [generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ format: 'jwk' })] }),
  ],
  ['numbers that are no key', JSON.stringify({ keys: [{ ...aKey('broken'), d: 'AAAA', x: 'AAAA' }] })],
])('refuses %s as signing keys, without printing the value', (_what, value) => {
  const message = complaint({ SIGNING_KEYS: value });
  expect(message).toContain('SIGNING_KEYS');
  expect(message).not.toContain(value);
});

test('accepts keys of 32 bytes for second factors', () => {
  const [newest, older] = [randomBytes(32), randomBytes(32)];
  const text = [newest, older].map((key) => key.toString('base64')).join(' ');
  expect(settings(Settings, { ...good, TWO_FACTOR_KEYS: text }).TWO_FACTOR_KEYS).toEqual([newest, older]);
});

test.each([
  ['nothing', ''],
  ['too short a key', randomBytes(16).toString('base64')],
  ['a key as hex', randomBytes(32).toString('hex')],
  ['a bad one behind a good one', `${randomBytes(32).toString('base64')} rubbish`],
])('refuses %s as keys for second factors, without printing the value', (_what, value) => {
  const message = complaint({ TWO_FACTOR_KEYS: value });
  expect(message).toMatch(/TWO_FACTOR_KEYS.*: must be keys of 32 bytes as base64, separated by spaces/);
  if (value !== '') expect(message).not.toContain(value);
});

test.each([
  ['0', false],
  ['90', true],
  ['366', false],
])('accepts a session lifetime of %s days: %j', (SESSION_DAYS, taken) => {
  expect(complaint({ SESSION_DAYS }) === 'none').toBe(taken);
});

const providers = (...names: string[]) =>
  JSON.stringify(names.map((name) => ({ name, issuer: 'https://id.example', clientId: 'shop', clientSecret: 'secret' })));

test.each(['sessions', 'identities', 'token', 'login'])('refuses a provider called %s, which is part of another path', (name) => {
  const message = complaint({ OIDC_PROVIDERS: providers('google', name) });
  expect(message).toMatch(/OIDC_PROVIDERS.*: must not be the name of another route under \/api\/auth/);
  expect(complaint({ OIDC_PROVIDERS: providers('google') })).toBe('none');
});

test('refuses a short admin password, without printing it', () => {
  expect(complaint({ ADMIN_PASSWORD: 'secret' })).toMatch(/ADMIN_PASSWORD: (?!.*secret)/);
});

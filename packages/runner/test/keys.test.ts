import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { rotated, rotateIn, serviceSecrets } from '../src/shop/keys.js';
import { readServices } from '../src/shop/services.js';

const start = new Date('2030-01-01T12:00:00.000Z');
const later = (minutes: number) => new Date(start.getTime() + minutes * 60_000);
const kids = (text: string): string[] => JSON.parse(text).keys.map(({ kid }: { kid: string }) => kid);

test('a new key comes first, and the previous one stays, however old it is', () => {
  const first = rotated('{"keys":[]}', start);
  const second = rotated(first, later(100_000));
  expect(kids(second).slice(1)).toEqual(kids(first));
  const [newest] = JSON.parse(second).keys;
  expect(createPrivateKey({ key: newest, format: 'jwk' }).asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
});

test('earlier keys are removed once all of their tokens have expired', () => {
  const first = rotated('{"keys":[]}', start);
  const second = rotated(first, later(100));
  expect(kids(rotated(second, later(110))).slice(1)).toEqual(kids(second));
  expect(kids(rotated(second, later(161))).slice(1)).toEqual(kids(second).slice(0, 1));
});

test('a key in PEM stays in the set with its name', () => {
  const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'sec1' }).toString();
  const [newest, before] = kids(rotated(pem, start));
  expect(before).toBe(kids(rotated(pem, later(1)))[1]);
  expect(newest).not.toBe(before);
});

test('in a folder, changes only the keys, and nothing if they are malformed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sidecart-'));
  try {
    const file = join(folder, 'secrets.json');
    const services = await readServices();
    const secrets = await serviceSecrets(folder, services);
    await writeFile(file, JSON.stringify(secrets));
    await rotateIn(folder, new Date());
    const after = JSON.parse(await readFile(file, 'utf8'));
    const { SIGNING_KEYS: before = '', ...others } = secrets['sidecart-identity'] ?? {};
    expect(after).toEqual({ ...secrets, 'sidecart-identity': { ...others, SIGNING_KEYS: expect.any(String) } });
    expect(kids(after['sidecart-identity'].SIGNING_KEYS).slice(1)).toEqual(kids(before));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await serviceSecrets(folder, services))['sidecart-identity']).toEqual(after['sidecart-identity']);
    await writeFile(file, JSON.stringify({ 'sidecart-identity': { SIGNING_KEYS: 'rubbish' } }));
    await expect(rotateIn(folder, new Date())).rejects.toThrow('JSON');
    expect(await readFile(file, 'utf8')).toContain('rubbish');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { UserDeleted } from '@sidecart/contracts/identity';
import { until } from '@sidecart/runner/until';
import sharp from 'sharp';
import { userKey } from '../../src/accounts/store.js';
import { PASSWORD, startIdentity, type Identity } from '../identity.js';

let identity: Identity;
beforeAll(async () => void (identity = await startIdentity()));
afterAll(() => identity.close());

const HOME = { name: 'Ann', line1: 'Am Bach 1', postalCode: '10115', city: 'Berlin', country: 'DE' };

async function someone() {
  const email = `${randomUUID()}@example.com`;
  const { user, accessToken, refreshToken } = (await identity.register(email)).body;
  const ask = (method: string, path = '', body?: unknown) => identity.withToken(accessToken, method, `/api/users/me${path}`, body);
  const id: string = user.id;
  async function withPicture(): Promise<string> {
    const file = await sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const body = new FormData();
    body.append('picture', new File([new Uint8Array(file)], 'me.png'));
    const headers = { authorization: `Bearer ${accessToken}` };
    const answer = await fetch(`${identity.url}/api/users/me/picture`, { method: 'PUT', headers, body });
    return identity.url + JSON.parse(await answer.text()).picture;
  }
  return { id, email, accessToken, refreshToken: String(refreshToken), ask, withPicture };
}

test('the export has everything stored about a person, and no secret', async () => {
  const { id, email, ask } = await someone();
  await ask('POST', '/addresses', HOME);
  await identity.login(email, 'wrong horse');
  const { status, headers, body } = await ask('GET', '/export');
  expect([status, headers.get('content-disposition')]).toEqual([200, 'attachment; filename="my-data.json"']);
  expect(body).toMatchObject({
    profile: { id, email, name: 'Ann', status: 'pending', verified: false },
    addresses: [{ ...HOME, defaultShipping: true }],
    password: true,
    twoFactor: false,
    identities: [],
    sessions: [{ address: '127.0.0.1', agent: 'node' }],
    logins: [{ outcome: 'wrong-password' }, { outcome: 'signed-in' }],
    audit: [],
  });
  expect(JSON.stringify(body)).not.toMatch(/argon2|[hH]ash|secret/);
});

test('deletes the address, profile, picture, sessions and places of an account, and keeps its id', async () => {
  const { id, email, refreshToken, ask, withPicture } = await someone();
  await ask('POST', '/addresses', HOME);
  const picture = await withPicture();
  expect((await fetch(picture)).status).toBe(200);
  expect((await ask('DELETE', '', { password: PASSWORD })).status).toBe(204);

  expect((await fetch(picture)).status).toBe(404);
  expect((await identity.refresh(refreshToken)).status).toBe(401);
  expect((await identity.login(email)).status).toBe(401);
  for (const path of ['', '/export']) expect((await ask('GET', path)).status).toBe(404);
  expect(JSON.stringify(await identity.store.read(userKey(id)))).not.toMatch(new RegExp(`${email}|Ann|argon2`));
  expect((await ask('GET', '/addresses')).body.data).toEqual([]);
  const event = await until('it is published', 5, async () =>
    identity.published.find(({ type, subject }) => type === 'user.deleted' && subject === id),
  );
  expect(event.data).toEqual({ userId: id });
  expect((await identity.register(email)).body.user.id).not.toBe(id);
});

test('a deleted account cannot be used with an access token that has not expired', async () => {
  const { id, ask, withPicture } = await someone();
  await ask('DELETE', '', { password: PASSWORD });
  const before = await identity.store.read(userKey(id));
  expect((await ask('PATCH', '', { name: 'Ann again' })).status).toBe(404);
  expect((await ask('POST', '/addresses', HOME)).status).toBe(404);
  expect((await ask('DELETE', '', { password: PASSWORD })).status).not.toBe(204);
  await withPicture();
  expect(await identity.store.read(userKey(id))).toEqual(before);
});

test.each([[{}], [{ password: 'wrong horse' }], [{ password: PASSWORD, id: randomUUID() }]])(
  'needs the password and nothing else, not %j',
  async (body) => {
    const { ask } = await someone();
    expect((await ask('DELETE', '', body)).status).toBeGreaterThanOrEqual(400);
    expect((await ask('GET')).status).toBe(200);
  },
);

test('removes a picture when the event arrives, if it could not be removed before', async () => {
  const { id, withPicture } = await someone();
  const picture = await withPicture();
  const user = await identity.store.read(userKey(id));
  if (!user) throw new Error('no account');
  const deleted = { key: userKey(id), value: { ...user, status: 'deleted' }, ttlSeconds: undefined };
  await identity.store.transact([userKey(id)], () => ({ write: [deleted], result: undefined }));
  for (const _ of ['first', 'repeated']) expect(await identity.deliver(UserDeleted(id, 2, { userId: id }))).toBe('SUCCESS');
  expect((await fetch(picture)).status).toBe(404);
  expect((await identity.store.read(userKey(id)))?.picture).toBeNull();
});

test('accepts repeated and early events about accounts, and drops malformed ones', async () => {
  const unknown = randomUUID();
  expect(await identity.deliver(UserDeleted(unknown, 9, { userId: unknown }))).toBe('SUCCESS');
  expect(await identity.deliver({ type: 'user.deleted', version: 1, subject: unknown, sequence: 1, data: {} })).toBe('DROP');
});

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Answer } from '@sidecart/testing/app';
import { PASSWORD, startIdentity, type Identity } from './identity.js';

let identity: Identity;
let person: { accessToken: string; refreshToken: string };
beforeAll(async () => {
  identity = await startIdentity();
  person = (await identity.registerVerified('ann@example.com')).body;
});
afterAll(() => identity.close());

const ask = (method: string, path: string, body?: unknown) => identity.withToken(person.accessToken, method, path, body);
const anExchange = { code: 'A'.repeat(43), verifier: 'A'.repeat(43) };

test.each<[string, number, () => Promise<Answer>]>([
  ['a sign-in', 200, () => identity.login('ann@example.com')],
  ['a refused sign-in', 401, () => identity.login('ann@example.com', 'wrong horse')],
  ['a refresh', 200, () => identity.refresh(person.refreshToken)],
  ['an exchange that fails', 401, () => identity.request('POST', '/api/auth/token/exchange', anExchange)],
  ['the secret of an authenticator app', 200, () => ask('POST', '/api/auth/2fa', { password: PASSWORD })],
  ['a profile', 200, () => ask('GET', '/api/users/me')],
  ['the export', 200, () => ask('GET', '/api/users/me/export')],
  ['the sessions', 200, () => ask('GET', '/api/auth/sessions')],
])('no cache may keep %s', async (_what, expected, send) => {
  const { status, headers } = await send();
  expect([status, headers.get('cache-control')]).toEqual([expected, 'no-store']);
});

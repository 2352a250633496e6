import { createHmac, generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { AUDIENCE, ISSUER, TOKEN_TYPE } from '@sidecart/contracts/access-token';
import jwt from 'jsonwebtoken';
import { startApp, type TestApp } from '../src/app.js';
import { expectWarning } from '../src/noise.js';
import { aUser, createTokens } from '../src/tokens.js';
import { createDemo, Double, Rung } from './demo.js';

let app: TestApp;
const ann = aUser();

beforeAll(async () => {
  app = await startApp('demo', {}, createDemo);
}, 60_000);
afterAll(async () => app?.close(), 30_000);

test('replies with the status and body that the route declares', async () => {
  const { status, body, headers } = await app.request('POST', '/api/notes', { text: 'hello' }, { as: ann });
  expect(status).toBe(201);
  expect(body).toEqual({ text: 'hello' });
  expect(headers.get('x-request-id')).toMatch(/^[\w-]{36}$/);
  expect(headers.get('x-powered-by')).toBeNull();
  expect(headers.get('x-content-type-options')).toBe('nosniff');
});

test('keeps replies that need a token out of all caches, even refusals', async () => {
  const cached = async (as?: typeof ann) =>
    (await app.request('POST', '/api/notes', { text: 'hello' }, as ? { as } : {})).headers.get('cache-control');
  expect([await cached(ann), await cached()]).toEqual(['no-store', 'no-store']);
  expect((await app.request('GET', '/api/notes/1')).headers.get('cache-control')).toBeNull();
});

test('sends a content security policy that forbids plugins and other base addresses', async () => {
  const { headers } = await app.request('GET', '/api/notes/1');
  const policy = headers.get('content-security-policy')?.split(';');
  expect(policy).toEqual(expect.arrayContaining(["default-src 'self'", "object-src 'none'", "base-uri 'none'"]));
});

test('names all invalid and unknown fields at once', async () => {
  const { status, body, headers } = await app.request(
    'POST',
    '/api/notes',
    { text: '', role: 'admin', lines: [{ quantity: 0 }] },
    { as: ann },
  );
  expect(status).toBe(400);
  expect(headers.get('content-type')).toMatch('application/problem+json');
  expect(body).toMatchObject({
    type: expect.stringMatching(/\/validation-failed$/),
    status: 400,
    instance: '/api/notes',
    requestId: expect.any(String),
  });
  expect(body.errors.map(({ field }: { field: string }) => field).toSorted()).toEqual(['lines.0.quantity', 'role', 'text']);
});

test.each([
  ['GET', '/api/notes/toolong?limit=1', 'id'],
  ['GET', '/api/notes/1?limit=1000', 'limit'],
  ['GET', '/api/notes/1?colour=red', 'colour'],
])('refuses %s %s because of %s', async (method, path, field) => {
  const { status, body } = await app.request(method, path);
  expect(status).toBe(400);
  expect(body.errors).toEqual([{ field, message: expect.any(String) }]);
});

test.each([
  ['{"text":', 400, 'malformed-json'],
  [JSON.stringify({ text: 'x'.repeat(300_000) }), 413, 'body-too-large'],
])('replies with a problem to a body that cannot be parsed: %#', async (text, status, slug) => {
  const answer = await app.request('POST', '/api/notes', text, { as: ann });
  expect(answer.status).toBe(status);
  expect(answer.body.type).toMatch(new RegExp(`/${slug}$`));
});

test('replies 401 without a token, 403 without the permission, and 404 to an unknown route', async () => {
  const none = await app.request('POST', '/api/notes', { text: 'hello' });
  expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  expect((await app.request('DELETE', '/api/notes', undefined, { as: ann })).status).toBe(403);
  expect((await app.request('DELETE', '/api/notes', undefined, { as: aUser({ role: 'staff', permissions: ['orders'] }) })).status).toBe(
    403,
  );
  expect((await app.request('DELETE', '/api/notes', undefined, { as: aUser({ permissions: ['catalog'] }) })).status).toBe(403);
  for (const user of [aUser({ role: 'staff', permissions: ['catalog'] }), aUser({ role: 'admin' })])
    expect((await app.request('DELETE', '/api/notes', undefined, { as: user })).status).toBe(204);
  expect((await app.request('GET', '/api/nothing')).status).toBe(404);
});

test('hides the details of an unexpected error, and says when a busy service can be tried again', async () => {
  expectWarning(/a secret detail/);
  const broken = await app.request('GET', '/api/broken');
  expect([broken.status, JSON.stringify(broken.body).includes('secret')]).toEqual([500, false]);
  const busy = await app.request('GET', '/api/busy');
  expect([busy.status, busy.headers.get('retry-after')]).toEqual([503, '7']);
});

test('refuses forged, expired and modified tokens, even on routes that need none', async () => {
  const claims = { role: 'customer', permissions: [], email: 'ann@example.com', name: 'Ann', verified: true, sid: 's' };
  const otherKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const header = { alg: 'ES256', typ: TOKEN_TYPE };
  const options = { algorithm: 'ES256', keyid: 'test', header, issuer: ISSUER, audience: AUDIENCE, subject: 'ann' } as const;
  const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const [head = '', payload = '', signature = ''] = app.token(ann).split('.');
  const modified = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), role: 'admin' };
  const forged = {
    'without a signature': `${base64({ ...header, alg: 'none', kid: 'test' })}.${payload}.`,
    'signed with another key': jwt.sign(claims, otherKey, options),
    'with another algorithm': `${base64({ ...header, alg: 'HS256', kid: 'test' })}.${payload}.${createHmac('sha256', 'x').update('x').digest('base64url')}`,
    'with an unknown key id': jwt.sign(claims, otherKey, { ...options, keyid: 'other' }),
    'with a modified role': `${head}.${base64(modified)}.${signature}`,
    'that has expired': app.token(ann, -1),
    'of another issuer with the same key id': createTokens().token(ann),
    'that is not a token': 'rubbish',
  };
  for (const [name, token] of Object.entries(forged)) {
    const { status } = await app.request('GET', '/api/notes/1', undefined, { headers: { authorization: `Bearer ${token}` } });
    expect([name, status]).toEqual([name, 401]);
  }
});

test('hides internal routes and subscriptions without the app token', async () => {
  for (const path of ['/internal/double', '/events/bell.rung', '/cron', '/INTERNAL/double']) {
    expect([path, (await app.request('POST', path, {})).status]).toEqual([path, 404]);
  }
  expect((await app.request('GET', '/dapr/subscribe')).status).toBe(404);
});

test('replies to a call with an output or a refusal for each input', async () => {
  expect(await app.call(Double, { n: 21 })).toEqual({ output: { n: 42 } });
  expect(await app.call(Double, { n: 101 })).toEqual({
    refused: { kind: 'conflict', slug: 'too-big', detail: 'That is too big.', extras: { lines: [{ n: 101 }] } },
  });
});

test('reports an event as handled, to be retried, or dropped', async () => {
  expect(await app.deliver(Rung('bell', 1, { times: 3 }))).toBe('SUCCESS');
  expect(await app.deliver(Rung('bell', 1, { times: 101 }))).toBe('RETRY');
  expect(await app.deliver(Rung('bell', 1, { times: -1 }))).toBe('DROP');
  expect(await app.deliver({ ...Rung('bell', 1, { times: 1 }), version: 2 })).toBe('DROP');
  expect(await app.deliver({ ...Rung('bell', 1, { times: 1 }), data: { times: 'x' } })).toBe('DROP');
});

test('describes the public routes in the OpenAPI document, and no internal one', async () => {
  const { body } = await app.request('GET', '/openapi.json');
  expect(body.openapi).toBe('3.1.0');
  expect(Object.keys(body.paths).toSorted()).toEqual(['/api/broken', '/api/busy', '/api/notes', '/api/notes/{id}']);
  const { post } = body.paths['/api/notes'];
  expect(post.security).toEqual([{ bearer: [] }]);
  expect(Object.keys(post.responses)).toEqual(expect.arrayContaining(['201', '400', '401']));
  expect(post.requestBody.content['application/json'].schema.additionalProperties).toBe(false);
});

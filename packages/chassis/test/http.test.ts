import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { routes } from '../src/http/routes.js';
import { serve, type Served } from './serve.js';

const things = routes('things');
const Id = z.string().regex(/^\w{1,8}$/);
things.get('/things/:id', { summary: 'Returns a thing.', access: 'public', params: z.object({ id: Id }), reply: z.unknown() }, (input) => ({
  params: input.params,
  query: input.query,
  headers: input.headers,
}));
things.post(
  '/things',
  { summary: 'Adds a thing.', access: 'public', body: z.strictObject({ name: z.string().optional() }), reply: z.unknown() },
  ({ body }) => body,
);
things.delete('/things/:id', { summary: 'Removes a thing.', access: 'public', params: z.object({ id: Id }) }, () => undefined);
things.put(
  '/things/:id/picture',
  { summary: 'Sets the picture.', access: 'public', params: z.object({ id: Id }), upload: 'picture' },
  () => undefined,
);

let http: Served;

beforeAll(async () => {
  http = await serve({ routes: [things] });
});

afterAll(() => http.close());

const json = { 'content-type': 'application/json' };

describe('a path parameter', () => {
  const invalid = routes('invalid');
  const endpoint = { summary: 'Returns a thing.', access: 'public' as const };

  test('must have a field in the schema of the route, or the service does not start', () => {
    expect(() => invalid.get('/a/:id', endpoint, () => undefined)).toThrow('GET /a/:id: its params schema must name exactly: id');
    expect(() => invalid.get('/a/:id/b/:other', { ...endpoint, params: z.object({ id: Id }) }, () => undefined)).toThrow(
      'exactly: id, other',
    );
    expect(() => invalid.get('/a', { ...endpoint, params: z.object({ id: Id }) }, () => undefined)).toThrow('must name exactly: nothing');
    expect(() => invalid.get('/a/:id', { ...endpoint, params: z.any() }, () => undefined)).toThrow('exactly: id');
    expect(() => invalid.get('/a/*rest', endpoint, () => undefined)).toThrow('exactly: rest');
  });

  test('that does not match its schema is a field error', async () => {
    const { status, body } = await http.ask('GET', '/things/much-too-long');
    expect([status, body.errors]).toEqual([400, [{ field: 'id', message: expect.any(String) }]]);
  });
});

test('a handler receives only what its schemas parsed', async () => {
  const { body } = await http.ask('GET', '/things/a', { headers: { 'x-other': 'yes' } });
  expect(body).toEqual({ params: { id: 'a' }, query: {}, headers: {} });
});

describe('malformed input is a 4xx problem', () => {
  test.each<[string, string, string, RequestInit, number, string]>([
    ['a path that is not UTF-8', 'GET', '/things/%FF', {}, 400, 'malformed-request'],
    ['a path with a stray percent sign', 'GET', '/things/%', {}, 400, 'malformed-request'],
    ['a body that is not JSON', 'POST', '/things', { headers: json, body: '{' }, 400, 'malformed-json'],
    ['a body that is a string', 'POST', '/things', { headers: json, body: '"text"' }, 400, 'malformed-json'],
    ['a body that is null', 'POST', '/things', { headers: json, body: 'null' }, 400, 'malformed-json'],
    [
      'a body that is not gzip',
      'POST',
      '/things',
      { headers: { ...json, 'content-encoding': 'gzip' }, body: '{}' },
      400,
      'malformed-request',
    ],
    [
      'a gzip body that ends early',
      'POST',
      '/things',
      { headers: { ...json, 'content-encoding': 'gzip' }, body: gzipSync('{"name":"a compass"}').subarray(0, 20) },
      400,
      'malformed-request',
    ],
    [
      'a gzip body that is too large once unpacked',
      'POST',
      '/things',
      { headers: { ...json, 'content-encoding': 'gzip' }, body: gzipSync(`{"name":"${' '.repeat(1_000_000)}"}`) },
      413,
      'body-too-large',
    ],
    ['a body that is too large', 'POST', '/things', { headers: json, body: ' '.repeat(300_000) }, 413, 'body-too-large'],
    [
      'an unknown content encoding',
      'POST',
      '/things',
      { headers: { ...json, 'content-encoding': 'rot13' }, body: '{}' },
      415,
      'unsupported-media-type',
    ],
    [
      'an unknown charset',
      'POST',
      '/things',
      { headers: { 'content-type': 'application/json; charset=klingon' }, body: '{}' },
      415,
      'unsupported-media-type',
    ],
  ])('%s', async (_what, method, path, init, status, slug) => {
    const before = http.lines.length;
    const reply = await http.ask(method, path, init);
    expect(reply.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(reply.body).toMatchObject({
      type: `https://sidecart.dev/problems/${slug}`,
      status,
      detail: expect.stringMatching(/^[A-Z].*\.$/),
      requestId: reply.headers.get('x-request-id'),
    });
    expect(reply.status).toBe(status);
    expect(http.lines.slice(before)).toEqual([]);
  });
});

describe('a body of another media type', () => {
  test.each<[string, RequestInit]>([
    ['text', { headers: { 'content-type': 'text/plain' }, body: '{"name":"x"}' }],
    ['a form', { body: new URLSearchParams({ name: 'x' }) }],
    ['no content type', { body: new TextEncoder().encode('{"name":"x"}') }],
    ['a malformed content type', { headers: { 'content-type': 'json' }, body: '{"name":"x"}' }],
    ['a stream without a content type', { body: new Blob(['{"name":"x"}']).stream(), duplex: 'half' }],
  ])('is refused where JSON is expected: %s', async (_what, init) => {
    const { status, headers, body } = await http.ask('POST', '/things', init);
    expect([status, body.type, body.detail]).toEqual([
      415,
      'https://sidecart.dev/problems/unsupported-media-type',
      'This route takes a body of type application/json.',
    ]);
    expect(headers.get('accept')).toBe('application/json');
  });

  test('is refused where a form is expected', async () => {
    const { status, headers, body } = await http.ask('PUT', '/things/a/picture', { headers: json, body: '{}' });
    expect([status, body.detail, headers.get('accept')]).toEqual([
      415,
      'This route takes a body of type multipart/form-data.',
      'multipart/form-data',
    ]);
  });

  test.each<[string, RequestInit]>([
    ['no body', {}],
    ['an empty body', { headers: { 'content-type': 'text/plain' }, body: '' }],
    ['JSON with a charset', { headers: { 'content-type': 'application/json; charset=utf-8' }, body: '{}' }],
    ['JSON of a vendor', { headers: { 'content-type': 'application/vnd.shop+json' }, body: '{}' }],
  ])('is not: %s', async (_what, init) => {
    expect((await http.ask('POST', '/things', init)).status).toBe(200);
  });
});

test.each<[string, RequestInit]>([
  ['JSON', { headers: json, body: '{"name":"x"}' }],
  ['text', { headers: { 'content-type': 'text/plain' }, body: 'x' }],
])('a body is refused where none is expected: %s', async (_what, init) => {
  const { status, body } = await http.ask('DELETE', '/things/a', init);
  expect([status, body.type, body.detail]).toEqual([400, 'https://sidecart.dev/problems/unexpected-body', 'This route takes no body.']);
  expect((await http.ask('DELETE', '/things/a', { headers: json })).status).toBe(204);
});

test.each([['Bearer'], ['Bearer '], ['bearer bad-token'], ['Bearer bad token']])(
  'an invalid access token is refused, even on a public route: %s',
  async (authorization) => {
    const { status, headers, body } = await http.ask('GET', '/things/a', { headers: { authorization } });
    expect([status, headers.get('www-authenticate'), body.type]).toEqual([401, 'Bearer', 'https://sidecart.dev/problems/invalid-token']);
  },
);

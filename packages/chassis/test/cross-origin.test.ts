import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { routes } from '../src/http/routes.js';
import { serve, type Served } from './serve.js';

const ORIGIN = 'https://shop.example';

const things = routes('things');
const headers = z.object({ 'x-basket': z.string().optional() });
const replyHeaders = z.object({ 'x-basket-id': z.string() });
things.get('/things', { summary: 'Lists things.', access: 'public', headers, replyHeaders }, () => undefined);
things.post('/things', { summary: 'Adds a thing.', access: 'public' }, () => undefined);

let http: Served;

beforeAll(async () => {
  http = await serve({ routes: [things], origins: [ORIGIN] });
});

afterAll(() => http.close());

const listed = (header: string | null) => header?.split(',') ?? [];

test('a page may send the headers that routes declare, and no others', async () => {
  const preflight = { origin: ORIGIN, 'access-control-request-method': 'GET', 'access-control-request-headers': 'x-basket,x-other' };
  const reply = await http.ask('OPTIONS', '/things', { headers: preflight });
  const allowed = listed(reply.headers.get('access-control-allow-headers'));
  expect(allowed).toEqual(expect.arrayContaining(['authorization', 'content-type', 'x-basket']));
  expect(allowed).not.toContain('x-other');
});

test('a page may read the headers that routes declare for their replies', async () => {
  const reply = await http.ask('GET', '/things', { headers: { origin: ORIGIN } });
  expect(listed(reply.headers.get('access-control-expose-headers'))).toEqual(
    expect.arrayContaining(['x-basket-id', 'x-request-id', 'retry-after']),
  );
});

test('a page of another origin may not call', async () => {
  const reply = await http.ask('GET', '/things', { headers: { origin: 'https://elsewhere.example' } });
  expect(reply.headers.get('access-control-allow-origin')).toBeNull();
});

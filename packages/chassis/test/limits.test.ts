import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { createCounts } from '../src/http/limits.js';
import { routes } from '../src/http/routes.js';
import { APP_TOKEN, serve, type Reply, type Served } from './serve.js';

const things = routes('things');
const shown = { access: 'public' as const, reply: z.unknown() };
things.get('/things', { ...shown, summary: 'Lists things.' }, () => ({ data: [] }));
things.post('/hook', { ...shown, summary: 'Receives changes.', limit: 'network' }, () => ({ received: true }));
things.post('/internal/things', { ...shown, summary: 'Counts things.', access: 'internal' }, () => ({ count: 0 }));

let http: Served;

async function limited(perAddress: number, perAccount = perAddress, options: Partial<Parameters<typeof serve>[0]> = {}): Promise<void> {
  http = await serve({ routes: [things], limits: { perAddress, perAccount }, ...options });
}

afterEach(() => http.close());

interface From {
  address?: string;
  account?: string;
}

function get({ address = '203.0.113.7', account }: From = {}, path = '/things', method = 'GET'): Promise<Reply> {
  const headers = { 'x-forwarded-for': address, ...(account ? { authorization: `Bearer ${account}` } : {}) };
  return http.ask(method, path, { headers });
}

/** Sends requests, and returns how many are accepted. */
async function accepted(times: number, ...args: Parameters<typeof get>): Promise<number> {
  const replies: Reply[] = [];
  for (let n = 0; n < times; n++) replies.push(await get(...args));
  return replies.filter(({ status }) => status < 300).length;
}

describe('a request over the limit', () => {
  test('gets a 429 problem that says when to try again', async () => {
    await limited(2);
    expect(await accepted(2)).toBe(2);
    const { status, headers, body } = await get();
    expect([status, headers.get('content-type')]).toEqual([429, 'application/problem+json; charset=utf-8']);
    expect(body).toMatchObject({
      type: 'https://sidecart.dev/problems/rate-limited',
      status: 429,
      detail: 'This address has sent too many requests. Wait for the seconds in Retry-After.',
    });
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect(http.lines).toEqual([]);
  });

  test('is refused before its token is verified and its body is read', async () => {
    await limited(2);
    for (let n = 0; n < 20; n++) await get({ account: `bad-${n}` });
    const { status } = await http.ask('POST', '/hook', {
      headers: { 'x-forwarded-for': '203.0.113.7', 'content-type': 'application/json' },
      body: '{',
    });
    expect(status).toBe(429);
  });

  test('gets a reply that a page of another origin can read', async () => {
    await limited(1, 1, { origins: ['https://shop.example'] });
    const headers = { origin: 'https://shop.example' };
    await http.ask('GET', '/things', { headers });
    const refused = await http.ask('GET', '/things', { headers });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([429, 'https://shop.example']);
    expect(refused.headers.get('access-control-expose-headers')?.split(',')).toEqual(
      expect.arrayContaining(['ratelimit', 'ratelimit-policy', 'retry-after']),
    );
  });
});

test('every reply has the remaining requests, as the IETF draft defines', async () => {
  await limited(5);
  const { headers } = await get();
  expect(headers.get('ratelimit')).toMatch(/^"network"; r=49; t=\d+, "address"; r=4; t=\d+$/);
  expect(headers.get('ratelimit-policy')).toMatch(/^"network"; q=50; w=60; pk=:\S+:, "address"; q=5; w=60; pk=:\S+:$/);
  expect((await get({ account: 'ann' })).headers.get('ratelimit')).toMatch(/"account"; r=4; t=\d+$/);
});

describe('requests count', () => {
  test('by address, without an access token', async () => {
    await limited(3, 100);
    expect([await accepted(5), await accepted(5, { address: '203.0.113.8' })]).toEqual([3, 3]);
  });

  test('by account with an access token, from any address', async () => {
    await limited(100, 3);
    expect(await accepted(2, { account: 'ann' })).toBe(2);
    expect([await accepted(3, { account: 'ann', address: '198.51.100.1' }), await accepted(3, { account: 'bob' })]).toEqual([1, 3]);
  });

  test('by address if the token is invalid, so tokens cannot be guessed faster', async () => {
    await limited(3);
    expect((await get({ account: 'bad-1' })).status).toBe(401);
    expect((await get({ account: 'bad-2' })).status).toBe(401);
    expect([await accepted(2), (await get({ account: 'bad-3' })).status]).toEqual([1, 429]);
  });

  test('by address at ten times the limit, for all accounts together', async () => {
    await limited(2, 1_000);
    expect([await accepted(15, { account: 'ann' }), await accepted(15, { account: 'bob' })]).toEqual([15, 5]);
    expect(await accepted(2, { account: 'bob', address: '203.0.113.9' })).toBe(2);
  });

  test('by address if there is no such route', async () => {
    await limited(1);
    expect([(await get({}, '/nothing')).status, (await get({}, '/internal/things')).status]).toEqual([404, 429]);
  });

  test('against the tenfold limit only, on the webhook of a provider', async () => {
    await limited(2);
    expect(await accepted(25, {}, '/hook', 'POST')).toBe(20);
  });
});

test('the sidecar is never limited', async () => {
  await limited(1);
  const headers = { 'dapr-api-token': APP_TOKEN };
  for (let n = 0; n < 30; n++) expect((await http.ask('POST', '/internal/things', { headers })).status).toBe(200);
});

test('0 turns the limit off', async () => {
  await limited(0);
  const { headers } = await get();
  expect([await accepted(50), await accepted(50, { account: 'ann' }), headers.get('ratelimit')]).toEqual([50, 50, null]);
});

describe('an address', () => {
  test.each([
    ['with a port', '203.0.113.7:4711', '203.0.113.7:4712'],
    ['as IPv6 with a port', '[2001:db8::1]:4711', '[2001:db8::1]:4712'],
    ['as IPv6 in brackets', '[2001:db8::1]', '2001:db8::1'],
    ['mapped to IPv6', '::ffff:203.0.113.7', '203.0.113.7'],
    ['of the same IPv6 prefix', '2001:db8:0:1::1', '2001:db8:0:2:ffff::2'],
    ['that is not an address', 'unknown', `x${'y'.repeat(1_000)}`],
  ])('%s has the same count', async (_what, address, same) => {
    await limited(1);
    expect([await accepted(1, { address }), await accepted(1, { address: same })]).toEqual([1, 0]);
  });

  test.each([
    ['IPv4', '203.0.113.7', '203.0.113.8'],
    ['IPv6 prefix', '2001:db8:0:100::1', '2001:db8:0:200::1'],
  ])('of another %s has another count', async (_what, address, other) => {
    await limited(1);
    expect([await accepted(1, { address }), await accepted(1, { address: other })]).toEqual([1, 1]);
  });
});

describe('behind proxies', () => {
  test('a client cannot choose its address', async () => {
    await limited(1);
    expect([
      await accepted(1, { address: '1.1.1.1, 203.0.113.7' }),
      await accepted(1, { address: '2.2.2.2, 203.0.113.7, 10.0.0.1' }),
    ]).toEqual([1, 0]);
  });

  test.each<[string, string[] | number]>([
    ['no proxy is trusted', []],
    ['the hop count is 0', 0],
    ['only other proxies are trusted', ['192.0.2.0/24']],
  ])('X-Forwarded-For is ignored if %s', async (_what, trustedProxies) => {
    await limited(1, 1, { trustedProxies });
    expect([await accepted(1, { address: '203.0.113.7' }), await accepted(1, { address: '203.0.113.8' })]).toEqual([1, 0]);
  });

  test('a hop count skips that many proxies', async () => {
    await limited(1, 1, { trustedProxies: 2 });
    expect([
      await accepted(1, { address: '203.0.113.7, 198.51.100.1' }),
      await accepted(1, { address: '203.0.113.8, 198.51.100.1' }),
    ]).toEqual([1, 1]);
  });
});

describe('the counts', () => {
  const heap = (): number => {
    setFlagsFromString('--expose-gc');
    runInNewContext('gc')();
    return process.memoryUsage().heapUsed;
  };

  test('of a million addresses use bounded memory, and drop the least recently used', async () => {
    await limited(0);
    const counts = createCounts({ max: 10_000 });
    const before = heap();
    for (let n = 0; n < 1_000_000; n++) {
      await counts.increment(`2001:db8:${(n >> 16).toString(16)}:${(n & 0xffff).toString(16)}::/56`);
      if (n % 5_000 === 0) await counts.increment('busy');
    }
    expect(heap() - before).toBeLessThan(10_000_000);
    expect((await counts.increment('busy')).totalHits).toBe(201);
    expect((await counts.increment('2001:db8:0:0::/56')).totalHits).toBe(1);
  });

  test('start again after a minute', async () => {
    await limited(0);
    const counts = createCounts({ windowMs: 20 });
    const first = await counts.increment('a');
    expect((await counts.increment('a')).totalHits).toBe(2);
    while (Date.now() < Number(first.resetTime)) await new Promise((resolve) => setImmediate(resolve));
    expect((await counts.increment('a')).totalHits).toBe(1);
  });
});

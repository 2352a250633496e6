import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingHttpHeaders, request, type RequestOptions, type Server } from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import { startEdge } from '../src/edge/edge.js';
import { MAX_BODY } from '../src/edge/forward.js';
import { listen } from '../src/tools/listen.js';
import { freePorts } from '../src/shop/ports.js';
import { readServices } from '../src/shop/services.js';

const services = await readServices();
const targets: Record<string, string> = {};
const servers: Server[] = [];
const arrivals = new EventEmitter();
let edge: Awaited<ReturnType<typeof startEdge>>;

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Sends a path as it is, unlike `fetch`, which normalizes it. */
function send(path: string, options: RequestOptions = {}, body: Readable | Buffer = Buffer.alloc(0)): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(edge.url);
    const req = request({ hostname, port, path, agent: false, ...options }, (res) => {
      buffer(res).then((bytes) => resolve({ status: res.statusCode ?? 0, headers: res.headers, body: bytes }), reject);
    });
    req.on('error', reject);
    if (body instanceof Readable) body.pipe(req);
    else req.end(body);
  });
}

function parsed({ body }: Answer): Record<string, unknown> {
  return JSON.parse(body.toString());
}

/** A service that returns the request in `x-seen`, and its body. */
async function anEcho(service: string): Promise<string> {
  const server = createServer((req, res) => {
    if (req.url === '/api/products/slow') return void arrivals.emit('request', once(res, 'close'));
    if (req.url === '/openapi.json') return void res.end(JSON.stringify({ info: { title: service } }));
    if (req.url === '/api/products/impatient') return void res.writeHead(401).end('no');
    const echo = (body: Buffer): void => {
      const seen = { service, method: req.method, url: req.url, headers: req.headers };
      res.writeHead(req.method === 'POST' ? 201 : 200, { 'x-seen': JSON.stringify(seen), etag: '"7"', 'set-cookie': ['a=1', 'b=2'] });
      if (req.url === '/api/products/broken') return void res.write('half', () => res.destroy());
      res.end(body);
    };
    buffer(req).then(echo, () => res.destroy());
  });
  new WebSocketServer({ server, path: '/socket.io' }).on('connection', (socket) => {
    socket.on('message', (data, binary) => socket.send(data, { binary }));
  });
  servers.push(server);
  return `http://127.0.0.1:${await listen(server, 0, '127.0.0.1')}`;
}

function seen({ headers }: Answer): { service: string; method: string; url: string; headers: Record<string, string> } {
  return JSON.parse(String(headers['x-seen']));
}

beforeAll(async () => {
  for (const service of ['identity', 'catalog', 'carts', 'notifications']) targets[service] = await anEcho(service);
  const [nobody] = await freePorts(1);
  targets['orders'] = `http://127.0.0.1:${nobody}`;
  edge = await startEdge({ port: 0, services, targets, mailPage: 'http://localhost:8025' });
});

afterAll(async () => {
  await edge.close();
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

describe('a request', () => {
  test('keeps its method, query, headers and bytes, as does the response', async () => {
    const bytes = randomBytes(3_000_000);
    const answer = await send(
      '/api/products?q=a%20b&q=%C3%A9&empty=',
      { method: 'POST', headers: { 'content-type': 'image/png', authorization: 'Bearer x', 'if-match': '"6"', host: 'shop.test' } },
      bytes,
    );
    expect(answer.status).toBe(201);
    expect(answer.body.equals(bytes)).toBe(true);
    expect(answer.headers).toMatchObject({ etag: '"7"', 'set-cookie': ['a=1', 'b=2'] });
    expect(seen(answer)).toMatchObject({ method: 'POST', url: '/api/products?q=a%20b&q=%C3%A9&empty=' });
    expect(seen(answer).headers).toMatchObject({
      'content-type': 'image/png',
      authorization: 'Bearer x',
      'if-match': '"6"',
      host: 'shop.test',
    });
  });

  test('may have chunks of unknown length', async () => {
    const bytes = randomBytes(300_000);
    const answer = await send('/api/cart', { method: 'PUT', headers: { 'transfer-encoding': 'chunked' } }, Readable.from([bytes, bytes]));
    expect(answer.body.equals(Buffer.concat([bytes, bytes]))).toBe(true);
  });

  test('says where it came from, whatever the client claims', async () => {
    const answer = await send('/api/products', {
      headers: { 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https', host: 'shop.test' },
    });
    expect(seen(answer).headers).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'shop.test',
      'x-forwarded-port': new URL(edge.url).port,
    });
  });

  test('does not pass on the headers of a connection', async () => {
    const answer = await send('/api/products', { headers: { connection: 'close, x-private', 'x-private': '1', te: 'trailers' } });
    expect(answer.status).toBe(200);
    expect(seen(answer).headers).not.toHaveProperty('x-private');
    expect(seen(answer).headers).not.toHaveProperty('te');
  });

  test('keeps a usable request id and gets one otherwise', async () => {
    const idOf = async (headers: Record<string, string>): Promise<unknown> =>
      seen(await send('/api/products', { headers })).headers['x-request-id'];
    expect(await idOf({ 'x-request-id': 'order-4711' })).toBe('order-4711');
    for (const headers of [{}, { 'x-request-id': 'a b' }, { 'x-request-id': 'x'.repeat(65) }]) {
      expect(await idOf(headers)).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
    }
  });

  test('gets the response of a service that does not wait for its body', async () => {
    const answer = await send('/api/products/impatient', { method: 'POST' }, randomBytes(2_000_000));
    expect(answer.status).toBe(401);
  });

  test('ends at the service when the client disconnects', async () => {
    const client = new AbortController();
    const answer = send('/api/products/slow', { signal: client.signal });
    const [ended] = await once(arrivals, 'request');
    client.abort();
    await expect(answer).rejects.toThrow('aborted');
    await ended;
  });

  test('fails if the service dies while it responds', async () => {
    await expect(send('/api/products/broken')).rejects.toThrow('aborted');
  });
});

describe('the routes', () => {
  test.each([
    ['/api/auth/login', 'identity'],
    ['/.well-known/jwks.json', 'identity'],
    ['/api/products/7', 'catalog'],
    ['/api/cart?x=/api/auth', 'carts'],
    ['/socket.io/?EIO=4&transport=polling', 'notifications'],
  ])('lead %s to %s', async (path, service) => {
    expect(seen(await send(path))).toMatchObject({ service, url: path });
  });

  test.each([
    '/internal/quotes',
    '/events/order',
    '/dapr/subscribe',
    '/cron',
    '/openapi.json',
    '/health/ready',
    '/api',
    '/api/productsX',
    '/api/products.json',
    '/API/products',
    '/api/../internal/quotes',
    '/api/products/../../internal/quotes',
    '/api/products/..',
    '/api/products/./7',
    '/api/%2e%2e/internal/quotes',
    '/api/products/%2E%2e/%2e./internal/quotes',
    '/api/products/..%2f..%2finternal',
    '/api/products/..\\..\\internal',
    '/api/products//internal',
    '//internal/quotes',
    '//api/products',
    'http://127.0.0.1/internal/quotes',
    '*',
  ])('lead %s nowhere', async (path) => {
    const answer = await send(path);
    expect(answer.status).toBe(404);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(parsed(answer)).toMatchObject({ title: 'Not Found', status: 404, requestId: answer.headers['x-request-id'] });
  });
});

describe('a refusal', () => {
  test('502 if the service is down', async () => {
    const answer = await send('/api/orders/1?x=1', { method: 'POST' }, Buffer.from('{}'));
    expect(parsed(answer)).toMatchObject({ status: 502, instance: '/api/orders/1' });
  });

  test('502 if the service is not among the targets', async () => {
    expect(parsed(await send('/api/payments'))).toMatchObject({ status: 502, detail: 'payments is not running here.' });
  });

  test('413 for a body that is declared too large', async () => {
    const answer = await send('/api/products', { method: 'POST', headers: { 'content-length': MAX_BODY + 1 } }, Buffer.alloc(MAX_BODY + 1));
    expect(parsed(answer)).toMatchObject({ status: 413 });
  });

  test('413 for a body that turns out to be too large', async () => {
    const chunks = Readable.from(Array.from({ length: MAX_BODY / 2 ** 20 + 1 }, () => Buffer.alloc(2 ** 20)));
    const answer = await send('/api/products', { method: 'POST', headers: { 'transfer-encoding': 'chunked' } }, chunks);
    expect(parsed(answer)).toMatchObject({ status: 413 });
  });
});

describe('a WebSocket', () => {
  const urlOf = (path: string): string => edge.url.replace('http', 'ws') + path;

  test('passes text and bytes both ways', async () => {
    const socket = new WebSocket(urlOf('/socket.io'), { headers: { authorization: 'Bearer x' } });
    await once(socket, 'open');
    for (const sent of ['hello', randomBytes(200_000)]) {
      socket.send(sent);
      const [data, binary] = await once(socket, 'message');
      expect([Buffer.from(sent).equals(data), binary]).toEqual([true, typeof sent !== 'string']);
    }
    socket.close();
    await once(socket, 'close');
  });

  test('closes when the edge stops', async () => {
    const other = await startEdge({ port: 0, services, targets });
    const socket = new WebSocket(`${other.url.replace('http', 'ws')}/socket.io`);
    await once(socket, 'open');
    await Promise.all([once(socket, 'close'), other.close()]);
  });

  test.each([
    ['/internal', 404],
    ['/socket.io/../internal', 404],
    ['/api/products', 502],
    ['/api/orders', 502],
  ])('to %s is refused with %i', async (path, status) => {
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    };
    const answer = await send(path, { headers });
    expect(parsed(answer)).toMatchObject({ status });
  });

  test('is the only upgrade', async () => {
    expect(parsed(await send('/api/products', { headers: { connection: 'Upgrade', upgrade: 'h2c' } }))).toMatchObject({ status: 501 });
  });
});

describe('the pages', () => {
  test('show every service on the API page, without other origins', async () => {
    const page = (await send('/api/docs')).body.toString();
    const sources = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source);
    expect(sources).toHaveLength(4);
    for (const source of sources) {
      const answer = await send(String(source));
      expect([source, answer.status]).toEqual([source, 200]);
      expect(answer.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
    }
    const start = (await send('/api/docs/start.js')).body.toString();
    for (const service of ['identity', 'catalog', 'carts', 'notifications', 'orders']) {
      expect(start).toContain(`{"name":"${service}","url":"/api/docs/${service}/openapi.json"}`);
    }
  });

  test('forward the OpenAPI document of a service', async () => {
    expect(parsed(await send('/api/docs/carts/openapi.json'))).toEqual({ info: { title: 'carts' } });
    expect(parsed(await send('/api/docs/orders/openapi.json'))).toMatchObject({ status: 502 });
    expect(parsed(await send('/api/docs/nobody/openapi.json'))).toMatchObject({ status: 404 });
  });

  test('start with links to the API and to the mails', async () => {
    expect((await send('/')).body.toString()).toMatch(/href="\/api\/docs".*href="http:\/\/localhost:8025"/);
  });

  test('show that the edge is healthy', async () => {
    expect(parsed(await send('/health'))).toEqual({ status: 'ok' });
  });
});

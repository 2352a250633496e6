import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createApp } from '../src/app.js';

const open: Server[] = [];

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

let docs: string;

beforeAll(async () => {
  const shop = await listening(
    createServer((req, res) => res.writeHead(req.url === '/openapi.json' ? 200 : 404).end('{"openapi":"3.1.0"}')),
  );
  const targets = { orders: shop, carts: 'http://127.0.0.1:1', catalog: `${shop}/elsewhere` };
  docs = await listening(createServer(await createApp(targets)));
});

afterAll(() => open.forEach((server) => server.close()));

test('the page loads only what it brings along, and lists every service', async () => {
  const page = await fetch(`${docs}/api/docs`);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  const sources = [...(await page.text()).matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path);
  expect(sources).toHaveLength(4);
  for (const source of sources) expect((await fetch(docs + source)).status).toBe(200);
  const script = await (await fetch(`${docs}/api/docs/start.js`)).text();
  for (const name of ['orders', 'carts', 'catalog']) expect(script).toContain(`/api/docs/${name}/openapi.json`);
});

test("a service's document is passed on as it is", async () => {
  const answer = await fetch(`${docs}/api/docs/orders/openapi.json`);
  expect([answer.status, await answer.json()]).toEqual([200, { openapi: '3.1.0' }]);
});

test.each(['carts', 'catalog'])('returns a problem if %s does not provide its document', async (name) => {
  const answer = await fetch(`${docs}/api/docs/${name}/openapi.json`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([502, 'application/problem+json; charset=utf-8']);
  expect(await answer.json()).toMatchObject({ status: 502, detail: `${name} does not answer.` });
});

test('returns a problem for any other path', async () => {
  const answer = await fetch(`${docs}/api/docs/nobody/openapi.json`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'application/problem+json; charset=utf-8']);
});

import { once } from 'node:events';
import { rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createVerifier, type Verify } from '@sidecart/chassis/auth';
import { caller } from '@sidecart/chassis/calls';
import { createDapr, type Dapr } from '@sidecart/chassis/dapr';
import { openDocuments } from '@sidecart/chassis/documents';
import { createHttp } from '@sidecart/chassis/http';
import type { App } from '@sidecart/chassis/service';
import { openStore, type Store } from '@sidecart/chassis/store';
import { PublicKeys } from '@sidecart/contracts/access-token';
import { startSidecar, testComponents, type Sidecar } from '@sidecart/runner/sidecar';
import { until } from '@sidecart/runner/until';
import { createTestLogger } from '@sidecart/testing/logger';
import jwt from 'jsonwebtoken';
import { createApp } from '../../src/app.js';
import { aKey, someSettings } from '../identity.js';

const LEAD_MS = 5_000;
const RELOAD_MS = 1_000;
const APP_TOKEN = 'a token for the test alone';
const [older, newer] = [aKey('older'), aKey('newer')];
const keySet = (...keys: object[]) => JSON.stringify({ keys });

let folder: Awaited<ReturnType<typeof testComponents>>;
let sidecars: Sidecar[] = [];
let identity: Sidecar;
let app: App;
let store: Store;
let url: string;
let verifiers: Verify[];
let handler: RequestListener = (_req, res) => void res.writeHead(503).end();
const server = createServer((req, res) => handler(req, res)).listen(0, '127.0.0.1');

const start = (appId: string, ports: { appPort?: number; daprHttpPort?: number } = {}) =>
  startSidecar({ appId, ...folder, ...ports, env: { APP_API_TOKEN: APP_TOKEN } });

/** Another service beside its own sidecar, which gets its keys from identity. */
async function aVerifier(appId: string): Promise<Verify> {
  const sidecar = await start(appId);
  sidecars.push(sidecar);
  const publicKeys = caller(createDapr({ port: sidecar.httpPort, apiToken: undefined }), PublicKeys);
  return createVerifier({ keySet: () => publicKeys({}), reloadMs: RELOAD_MS });
}

async function signIn(): Promise<string> {
  const answer = await fetch(`${url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'admin@shop.example', password: 'only for tests' }),
  });
  const { accessToken }: { accessToken: string } = JSON.parse(await answer.text());
  return accessToken;
}

const kidOf = (token: string) => jwt.decode(token, { complete: true })?.header.kid;

beforeAll(async () => {
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  url = `http://127.0.0.1:${port}`;
  folder = await testComponents({ pubsub: 'in-memory', secrets: { 'sidecart-identity': { SIGNING_KEYS: keySet(older) } } });
  identity = await start('identity', { appPort: port });
  const dapr: Dapr = createDapr({ port: identity.httpPort, apiToken: undefined });
  store = await openStore({ dapr, app: 'identity', replica: 'test' });
  const logger = createTestLogger('identity');
  const settings = someSettings({ SIGNING_KEYS: keySet(older) });
  const documents = await openDocuments({ url: 'memory:' });
  app = await createApp({
    settings,
    documents,
    dapr,
    store,
    logger,
    sendMail: async () => undefined,
    sendSms: async () => undefined,
    keyTimes: { lookMs: 200, leadMs: LEAD_MS },
  });
  const { routes, verify } = app;
  if (!verify) throw new Error('identity verifies with its own keys');
  handler = createHttp({ service: 'identity', logger, verify, routes, sidecar: [], appToken: APP_TOKEN });
  verifiers = await Promise.all(['orders', 'payments', 'carts'].map(aVerifier));
}, 60_000);

afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await app?.close?.();
  await store?.close();
  await Promise.all([...sidecars, identity].map((each) => each?.stop()));
  if (folder) await rm(folder.folder, { recursive: true, force: true });
}, 60_000);

/** The local secret store reads its file only when its sidecar starts. */
async function rotate(): Promise<void> {
  const file = join(folder.folder, 'secrets.json');
  const secrets = {
    'sidecart-identity': { SIGNING_KEYS: keySet(newer, older) },
    sidecart: { stateConnection: join(folder.folder, '{appID}.db') },
  };
  await writeFile(`${file}.new`, JSON.stringify(secrets));
  await rename(`${file}.new`, file);
  await identity.stop();
  await comeBack();
}

async function comeBack(): Promise<void> {
  const { port } = server.address() as AddressInfo;
  identity = await start('identity', { appPort: port, daprHttpPort: identity.httpPort });
}

test('refuses no token, old or new, during a rotation under load', async () => {
  const tokens = [await signIn()];
  const seen = new Set<string | undefined>();
  const refusals: unknown[] = [];
  let verified = 0;
  const done = new AbortController();

  async function load(verify: Verify): Promise<void> {
    while (!done.signal.aborted) {
      const newest = tokens.at(-1) ?? '';
      const oldest = tokens[0] ?? '';
      const forged = jwt.sign({}, 'x', { keyid: `forged-${verified}` });
      for (const token of [newest, oldest])
        await verify(token).then(
          () => verified++,
          (error: unknown) => refusals.push(error),
        );
      await verify(forged).catch(() => undefined); // a flood of unknown keys at the same time
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  await Promise.all(verifiers.map((verify) => verify(tokens[0] ?? '')));
  const loads = verifiers.map(load);
  await rotate();
  await until('the new key signs', 30, async () => {
    const token = await signIn().catch(() => undefined);
    if (token === undefined) return false;
    tokens.push(token);
    seen.add(kidOf(token));
    return kidOf(token) === 'newer';
  });
  const before = verified;
  await until('tokens of the new key are verified', 10, async () => verified > before + 100);
  done.abort();
  await Promise.all(loads);
  expect(refusals).toEqual([]);
  expect([...seen]).toEqual(['older', 'newer']);
}, 60_000);

test('verifies tokens while identity is down', async () => {
  const token = await signIn();
  await identity.stop();
  for (const verify of verifiers) expect((await verify(token)).role).toBe('admin');
  await comeBack();
});

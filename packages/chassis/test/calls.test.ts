import { createServer, type Server } from 'node:http';
import { rm } from 'node:fs/promises';
import { json } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { listen } from '@sidecart/runner/listen';
import type { ComponentFolder } from '@sidecart/runner/components';
import { startSidecar, testComponents, type Sidecar } from '@sidecart/runner/sidecar';
import { z } from 'zod';
import { caller } from '../src/dapr/calls.js';
import { createDapr } from '../src/dapr/dapr.js';
import { DomainError } from '../src/http/errors.js';

const Echo = { app: 'echoer', name: 'echo', input: z.string(), output: z.string() };
const Body = z.object({ inputs: z.array(z.string()) });

let components: ComponentFolder;
let app: Server;
let port = 0;
let sidecars: Sidecar[] = [];
let ask: (input: string) => Promise<string>;

beforeAll(async () => {
  app = createServer(async (req, res) => {
    const { inputs } = req.method === 'POST' ? Body.parse(await json(req)) : { inputs: [] };
    res.setHeader('content-type', 'application/json').end(JSON.stringify({ answers: inputs.map((output) => ({ output })) }));
  });
  port = await listen(app, 0, '127.0.0.1');
  components = await testComponents();
  const asker = await startSidecar({ appId: 'asker', ...components });
  sidecars = [asker, await startSidecar({ appId: Echo.app, appPort: port, ...components })];
  ask = caller(createDapr({ port: asker.httpPort, apiToken: undefined }), Echo);
}, 60_000);

afterAll(async () => {
  await Promise.all(sidecars.map((sidecar) => sidecar.stop()));
  app.close();
  await rm(components.folder, { recursive: true });
});

test('a call waits for an app that is unavailable for a moment, such as a pod that is replaced', async () => {
  expect(await ask('there')).toBe('there');
  app.close();
  app.closeAllConnections();
  const asked = ask('away');
  await delay(1_500);
  await listen(app, port, '127.0.0.1');
  expect(await asked).toBe('away');
}, 20_000);

test('a call to an app that stays unavailable is refused, with the cause for the log', async () => {
  app.close();
  app.closeAllConnections();
  const refused = await ask('gone').catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(DomainError);
  expect(refused).toMatchObject({ kind: 'unavailable', message: 'echoer did not respond.', extras: { retryAfter: 1 } });
  expect((refused as DomainError).cause).toMatchObject({ name: 'DaprError', message: expect.stringContaining('connection refused') });
}, 20_000);

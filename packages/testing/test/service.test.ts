import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createDapr } from '@sidecart/chassis/dapr';
import { freePorts, startSidecar, testComponents, type Sidecar } from '@sidecart/runner/sidecar';
import { until } from '@sidecart/runner/until';

let components: Awaited<ReturnType<typeof testComponents>>;
let sidecar: Sidecar;

beforeAll(async () => {
  components = await testComponents({ pubsub: 'in-memory', secrets: { 'sidecart-demo': { GREETING: 'hello from the secret' } } });
  sidecar = await startSidecar({ appId: 'demo', ...components });
}, 60_000);

afterAll(async () => {
  await sidecar?.stop();
  await rm(components.folder, { recursive: true, force: true });
});

function start(settings: Record<string, string>): ChildProcess {
  const env = { ...process.env, DAPR_HTTP_PORT: String(sidecar.httpPort), HOST: '127.0.0.1', ...settings };
  return fork(new URL('service-child.js', import.meta.url), { env, silent: true });
}

async function outputOf({ stdout }: ChildProcess): Promise<string> {
  return stdout ? text(stdout) : '';
}

test('refuses to start with invalid settings, names all of them and repeats no value', async () => {
  const [port] = await freePorts(1);
  const common = start({ APP_PORT: 'eighty', APP_API_TOKEN: 'too-short' });
  const [log, [code]] = await Promise.all([outputOf(common), once(common, 'exit')]);
  expect(code).toBe(1);
  expect(log).toMatch(/APP_PORT: .*\\n +APP_API_TOKEN: /);
  expect(log).not.toMatch(/eighty|too-short/);

  const own = start({ APP_PORT: String(port), APP_API_TOKEN: 'a-token-that-is-long-enough', GREETING: '', TIMES: '0' });
  const [ownLog, [ownCode]] = await Promise.all([outputOf(own), once(own, 'exit')]);
  expect(ownCode).toBe(1);
  expect(ownLog).toMatch(/TIMES: /);
  expect(ownLog).not.toMatch(/GREETING: /); // the secret has it
});

test('is live at once and ready with its sidecar, and finishes open requests on SIGTERM', async () => {
  const [port = 0] = await freePorts(1);
  const service = start({ APP_PORT: String(port), APP_API_TOKEN: 'a-token-that-is-long-enough', TIMES: '1' });
  const log = outputOf(service);
  const url = `http://127.0.0.1:${port}`;
  const status = (path: string) =>
    fetch(url + path).then(
      (answer) => answer.status,
      () => 0,
    );
  await until('the service is ready', 30, async () => (await status('/health/ready')) === 200);
  const live = await fetch(`${url}/health/live`);
  expect([live.status, live.headers.get('keep-alive')]).toEqual([200, 'timeout=120']);

  const slow = fetch(`${url}/api/slow`);
  await once(service, 'message');
  service.kill('SIGTERM');
  await until('the service is no longer ready', 10, async () => (await status('/health/ready')) !== 200);
  service.send('finish');
  expect(await (await slow).json()).toEqual({ greeting: 'hello from the secret' });
  const [code] = await once(service, 'exit');
  expect(code).toBe(0);
  expect(await log).toMatch(/"path":"\/api\/slow","status":200/);
  expect(await log).toMatch(/"shown":"plain"/);
  expect(await log).not.toMatch(/hidden-/);
}, 60_000);

test('finishes a cron job on SIGTERM, and leaves none of its events in the outbox', async () => {
  const [port = 0] = await freePorts(1);
  const token = 'a-token-that-is-long-enough';
  const service = start({ APP_PORT: String(port), APP_API_TOKEN: token, TIMES: '1', REPLICA: 'finishing' });
  const url = `http://127.0.0.1:${port}`;
  const status = (path: string, init: RequestInit = {}) =>
    fetch(url + path, init).then(
      (answer) => answer.status,
      () => 0,
    );
  await until('the service is ready', 30, async () => (await status('/health/ready')) === 200);
  const started = once(service, 'message');
  expect(await status('/cron', { method: 'POST', headers: { 'dapr-api-token': token } })).toBe(200);
  await started;
  service.kill('SIGTERM');
  await until('the service is no longer ready', 10, async () => (await status('/health/ready')) !== 200);
  const saved = once(service, 'message');
  service.send('finish');
  expect((await saved)[0]).toBe('saved');
  expect((await once(service, 'exit'))[0]).toBe(0);

  const dapr = createDapr({ port: sidecar.httpPort, apiToken: undefined });
  const [lanes] = [...(await dapr.read(['outbox|lanes'])).values()];
  await dapr.stop();
  expect(lanes?.value).toEqual({});
}, 60_000);

test('limits requests as its settings say, but not health checks', async () => {
  const [port = 0] = await freePorts(1);
  const limits = { RATE_LIMIT_PER_ADDRESS: '2', TRUSTED_PROXIES: 'loopback' };
  const service = start({ APP_PORT: String(port), APP_API_TOKEN: 'a-token-that-is-long-enough', TIMES: '1', ...limits });
  const status = (path: string, address: string) =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers: { 'x-forwarded-for': address } }).then(
      (answer) => answer.status,
      () => 0,
    );
  await until('the service is ready', 30, async () => (await status('/health/ready', '203.0.113.7')) === 200);
  const statuses: number[] = [];
  for (const address of ['203.0.113.7', '203.0.113.7', '203.0.113.7', '203.0.113.8']) statuses.push(await status('/api/nothing', address));
  expect(statuses).toEqual([404, 404, 429, 404]);
  for (let n = 0; n < 50; n++) expect(await status('/health/live', '203.0.113.7')).toBe(200);
  service.kill('SIGTERM');
  expect((await once(service, 'exit'))[0]).toBe(0);
}, 60_000);

import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { listen } from '../src/tools/listen.js';
import { isFree } from '../src/shop/ports.js';
import { processes } from '../src/shop/processes.js';
import { LIST } from '../src/shop/services.js';
import { startSystem, type System, type SystemOptions } from '../src/shop/system.js';
import { root } from '../src/tools/root.js';
import { until } from '../src/tools/until.js';

const trivialApp = fileURLToPath(new URL('trivial-app.js', import.meta.url));
let folder = '';
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'sidecart-'))));
afterAll(() => rm(folder, { recursive: true }));

/** Makes a project folder with two trivial services, on ports that `freePorts` never returns. */
async function aProject(): Promise<string> {
  const services = { one: { port: 14_001, publishes: ['two'] }, two: { port: 14_002, subscribes: ['two'] } };
  for (const name of Object.keys(services)) {
    const main = join(folder, 'services', name, 'dist', 'src', 'main.js');
    await mkdir(dirname(main), { recursive: true });
    await writeFile(main, `import ${JSON.stringify(trivialApp)};`);
  }
  await mkdir(dirname(join(folder, LIST)), { recursive: true });
  await writeFile(join(folder, LIST), stringify(services));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules')).catch(() => {}); // exists after an earlier start
  return folder;
}

/** Returns the processes of the system that are still running. */
async function leftovers(): Promise<string[]> {
  return (await processes()).map(({ argv }) => argv.join(' ')).filter((command) => command.includes(folder) || /^(one|two)$/.test(command));
}

async function start(options: Partial<SystemOptions> = {}): Promise<System> {
  return startSystem({ folder, project: await aProject(), ...options });
}

describe('a started system', () => {
  let system: System;
  const said: string[] = [];
  beforeAll(async () => void (system = await start({ say: (line) => said.push(line) })), 60_000);
  afterAll(() => system?.stop());

  function tokensOf(app: string) {
    const tokens = system.tokens[app];
    if (!tokens) throw new Error(`${app} has no tokens`);
    return tokens;
  }
  const invoke = (method: string) =>
    fetch(`${system.sidecars['one']}/v1.0/invoke/two/method/${method}`, { headers: { 'dapr-api-token': tokensOf('one').DAPR_API_TOKEN } });
  const publish = () =>
    fetch(`${system.sidecars['one']}/v1.0/publish/pubsub/two`, {
      method: 'POST',
      headers: { 'dapr-api-token': tokensOf('one').DAPR_API_TOKEN, 'content-type': 'application/json' },
      body: '{}',
    });
  const count = async (): Promise<number> => Number(await (await invoke('count')).text());

  test('lets one app call another through the sidecars', async () => {
    expect((await invoke('count')).status).toBe(200);
  });

  test('bounds the heap of an app, whatever memory the machine has', async () => {
    expect(await (await invoke('heap')).json()).toBeLessThan(300 * 1024 * 1024);
  });

  test('refuses callers of a sidecar without its token', async () => {
    expect((await fetch(`${system.sidecars['one']}/v1.0/invoke/two/method/count`)).status).toBe(401);
  });

  test('refuses the tokens of one app at another app and at its sidecar', async () => {
    const statusOf = async (url: string, token: string) => (await fetch(url, { headers: { 'dapr-api-token': token } })).status;
    const [one, two] = [tokensOf('one'), tokensOf('two')];
    const [app, sidecar] = [`${system.urls['two']}/count`, `${system.sidecars['two']}/v1.0/metadata`];
    expect(await statusOf(app, two.APP_API_TOKEN)).toBe(200);
    expect(await statusOf(app, one.APP_API_TOKEN)).toBe(401);
    expect(await statusOf(app, two.DAPR_API_TOKEN)).toBe(401);
    expect(await statusOf(sidecar, two.DAPR_API_TOKEN)).toBe(200);
    expect(await statusOf(sidecar, one.DAPR_API_TOKEN)).toBe(401);
  });

  test('delivers events over its own broker', async () => {
    const before = await count();
    expect((await publish()).status).toBe(204);
    await until(
      () => 'the event arrives',
      10,
      async () => (await count()) > before,
    );
  });

  test('lets only the user read the secrets', async () => {
    expect((await stat(join(folder, 'secrets.json'))).mode & 0o077).toBe(0);
  });

  test('refuses a second start in the same folder', async () => {
    await expect(start()).rejects.toThrow(/already running in .*kill \d+/);
  });

  test.each(['app', 'sidecar'] as const)('restarts the %s after a crash and says so', async (part) => {
    const before = system.pids('two');
    process.kill(before[part] ?? 0, 'SIGKILL');
    await until('another process runs', 10, async () => ![undefined, before[part]].includes(system.pids('two')[part]));
    await until('callers find the app again', 20, async () => (await invoke('count')).status === 200);
    expect(said.filter((line) => line.startsWith(`The ${part} of two ended (SIGKILL) and is restarted`))).toHaveLength(1);
  });

  test('leaves down what was killed on purpose until it is restarted', async () => {
    const before = system.pids('two');
    await system.kill('two', 'app');
    expect(system.pids('two')).toEqual({ ...before, app: undefined });
    await system.restart('two');
    expect(system.pids('two').app).not.toBe(before.app);
    expect((await invoke('count')).status).toBe(200);
  });

  test('restarts a killed sidecar, which then delivers events', async () => {
    await system.kill('two', 'sidecar');
    await system.restart('two');
    const before = await count();
    await publish();
    await until(
      () => 'the event arrives',
      15,
      async () => (await count()) > before,
    );
  });

  test('restarts a killed broker with what it has stored', async () => {
    await system.broker?.kill();
    await system.broker?.restart();
    await until(
      () => 'an event is taken',
      15,
      async () => (await publish()).status === 204,
    );
  });

  test('lets the apps drain when it stops, and leaves no process or open port', async () => {
    await system.stop();
    expect(await leftovers()).toEqual([]);
    for (const url of [...Object.values(system.urls), ...Object.values(system.sidecars)])
      expect(await isFree(Number(new URL(url).port))).toBe(true);
    expect(await readFile(join(system.logs, 'two.log'), 'utf8')).toContain('drained');
  });
});

describe('a start that fails', () => {
  afterEach(async () => expect(await leftovers()).toEqual([]));

  test('names the app that ended and shows the end of its log', async () => {
    await expect(start({ env: { CRASH: 'two' } })).rejects.toThrow(/The app of two ended before it was ready[^]*crashed on purpose/);
  });

  test('names a port in use and the setting to change', async () => {
    const server = createServer();
    const natsPort = await listen(server, 0, '127.0.0.1');
    await expect(start({ natsPort })).rejects.toThrow(`Port ${natsPort} is in use. Stop the program that uses it, or change natsPort.`);
    server.close();
  });

  test('can be aborted', async () => {
    const abort = new AbortController();
    const say = () => abort.abort(new Error('stopped on purpose'));
    await expect(start({ env: { NEVER_READY: 'two' }, signal: abort.signal, say })).rejects.toThrow('stopped on purpose');
  });
});

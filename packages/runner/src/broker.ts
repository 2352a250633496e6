/** The NATS server of one machine: our own, on its own port, with one stream per topic. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectTo, makeStreams, type Topics } from '@sidecart/streams/streams';
import { token } from './keys.js';
import { end, gone, signal } from './processes.js';
import { tool } from './tools.js';
import { until } from './until.js';

export interface Broker {
  /** `nats://`, with the token that it asks for. */
  url: string;
  stop(): Promise<void>;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on what it has stored. */
  restart(): Promise<void>;
}

/** Starts the server and makes a stream for every topic. What was stored in `folder` is there again. */
export async function startBroker(folder: string, port: number, topics: Topics): Promise<Broker> {
  const program = await tool('nats-server');
  const secret = token();
  const url = `nats://${secret}@127.0.0.1:${port}`;
  const store = join(folder, 'nats');
  await mkdir(store, { recursive: true });
  const config = join(folder, 'nats.conf');
  const settings = [
    `listen: "127.0.0.1:${port}"`,
    `authorization: { token: "${secret}" }`,
    // NATS sets aside what its streams may take. Without a limit of its own it would compare that with the free disk.
    `jetstream: { store_dir: ${JSON.stringify(store)}, max_file_store: 64GB }`,
  ];
  await writeFile(config, settings.join('\n'), { mode: 0o600 });

  let pid = 0;
  const killNow = () => signal(pid, 'SIGKILL');

  async function open(): Promise<void> {
    const output = openSync(join(folder, 'nats.log'), 'a');
    // In a process group of its own, so that Ctrl-C reaches it last.
    const child = spawn(program, ['-c', config], { stdio: ['ignore', output, output], detached: true }).on('error', () => {});
    closeSync(output);
    if (child.pid === undefined) throw new Error(`${program} could not be started`);
    pid = child.pid;
    const what = () => `an answer of NATS on port ${port}; see ${join(folder, 'nats.log')}`;
    await until(what, 20, async () => {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`NATS has ended; see ${join(folder, 'nats.log')}`);
      const connection = await connectTo(url).catch(() => undefined);
      if (!connection) return false;
      await makeStreams(connection, topics).finally(() => connection.close());
      return true;
    });
  }

  async function stop(): Promise<void> {
    if (pid !== 0) await end([pid], 10);
    process.removeListener('exit', killNow);
  }

  async function kill(): Promise<void> {
    killNow();
    await gone([pid], 10);
  }

  process.once('exit', killNow);
  await open().catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { url, stop, kill, restart: open };
}

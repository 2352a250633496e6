/** The shop's own NATS server, with one stream per topic. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectTo, makeStreams, type Topics } from '@sidecart/streams/streams';
import { token } from './keys.js';
import { MEMORY_ENV } from './memory.js';
import { killOnExit, supervise } from './supervised.js';
import { tool } from '../tools/tools.js';
import { until } from '../tools/until.js';

export interface Broker {
  /** Address with the token that the server requires. */
  url: string;
  stop(): Promise<void>;
  /** Kills it, as in a crash. It stays down until `restart`. */
  kill(): Promise<void>;
  /** Starts it again with what it has stored. */
  restart(): Promise<void>;
}

/** Starts the server with what is stored in `folder`, and creates a stream for every topic. */
export async function startBroker(folder: string, port: number, topics: Topics, say: (line: string) => void = () => {}): Promise<Broker> {
  const program = await tool('nats-server');
  const secret = token();
  const url = `nats://${secret}@127.0.0.1:${port}`;
  const store = join(folder, 'nats');
  await mkdir(store, { recursive: true });
  const config = join(folder, 'nats.conf');
  const settings = [
    `listen: "127.0.0.1:${port}"`,
    `authorization: { token: "${secret}" }`,
    // NATS reserves the size of its streams, by default within what is free on the disk.
    `jetstream: { store_dir: ${JSON.stringify(store)}, max_file_store: 64GB }`,
  ];
  await writeFile(config, settings.join('\n'), { mode: 0o600 });

  const logFile = join(folder, 'nats.log');
  const server = supervise(
    { name: 'NATS', program, args: ['-c', config], cwd: folder, env: { ...MEMORY_ENV, ...process.env }, logFile },
    say,
  );

  const forget = killOnExit([server]);
  const stop = () => server.stop().finally(forget);

  async function untilOpen(): Promise<void> {
    await until(`an answer of NATS on port ${port}; see ${logFile}`, 20, async () => {
      if (server.pid() === undefined) throw new Error(`NATS has ended; see ${logFile}`);
      const connection = await connectTo(url).catch(() => undefined);
      if (!connection) return false;
      await makeStreams(connection, topics).finally(() => connection.close());
      return true;
    });
    server.keepUp();
  }

  await untilOpen().catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    url,
    stop,
    kill: server.kill,
    async restart() {
      server.keepUp();
      await untilOpen();
    },
  };
}

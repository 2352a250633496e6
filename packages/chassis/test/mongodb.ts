import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '@sidecart/runner/ports';
import { tool } from '@sidecart/runner/tools';
import { MongoClient } from 'mongodb';

/** A database of its own: of the server that TEST_MONGODB_URL names, else of a FerretDB. Throws where neither is to be had. */
export async function startMongodb(): Promise<{ name: 'MongoDB' | 'FerretDB'; url: string; stop: () => Promise<void> }> {
  const database = `sidecart-${randomUUID()}`;
  const given = process.env['TEST_MONGODB_URL'];
  if (given === undefined) return { name: 'FerretDB', ...(await startFerretdb(database)) };
  const url = given.replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+)\/?[^?]*/, `$1/${database}`);
  async function stop(): Promise<void> {
    const client = new MongoClient(url);
    await client.db().dropDatabase();
    await client.close();
  }
  return { name: 'MongoDB', url, stop };
}

export async function startFerretdb(database: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const program = await tool('ferretdb');
  const [port = 0] = await freePorts(1);
  const folder = await mkdtemp(join(tmpdir(), 'sidecart-ferretdb-'));
  const ferretdb = spawn(program, [`127.0.0.1:${port}`, `file:${folder}/`], { stdio: 'ignore' });
  const ended = once(ferretdb, 'exit');
  async function stop(): Promise<void> {
    ferretdb.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true });
  }
  return { url: `mongodb://127.0.0.1:${port}/${database}`, stop };
}

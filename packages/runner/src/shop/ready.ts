import { readFile } from 'node:fs/promises';
import { request } from 'undici';
import type { Launch, Parts } from './apps.js';
import type { App } from './plan.js';
import type { Supervised } from './supervised.js';
import { until } from '../tools/until.js';

/** Waits until every app is ready, and reports each. Throws as soon as a process has ended. */
export async function untilReady({ logs, say, signal }: Launch, all: ReadonlyMap<App, Parts>): Promise<void> {
  const started = Date.now();
  const waiting = new Set(all.keys());

  async function check(app: App, parts: Parts): Promise<void> {
    for (const part of [parts.sidecar, parts.app]) if (part.pid() === undefined) throw await endedEarly(part);
    if (!waiting.has(app) || !(await isReady(app))) return;
    waiting.delete(app);
    say(`${app.appID.padEnd(14)} ready after ${((Date.now() - started) / 1000).toFixed(1)} s`);
  }

  const what = () => `${[...waiting].map(({ appID }) => appID).join(', ')} ready; see ${logs}`;
  await until(what, 120, async () => {
    signal.throwIfAborted();
    await Promise.all([...all].map(([app, parts]) => check(app, parts)));
    return waiting.size === 0;
  });
}

/** Returns an error with the end of the log of a process that ended before it was ready. */
export async function endedEarly({ name, logFile }: Supervised): Promise<Error> {
  const lines = (await readFile(logFile, 'utf8')).split('\n').filter(Boolean).slice(-15);
  return new Error(`${name} ended before it was ready. The end of ${logFile}:\n${lines.join('\n')}`);
}

// Not with the global fetch, which would load Node's own copy of undici beside that of the edge.
export async function isReady({ appPort }: App): Promise<boolean> {
  const signal = AbortSignal.timeout(2000);
  const reply = await request(`http://127.0.0.1:${appPort}/health/ready`, { signal }).catch(() => undefined);
  await reply?.body.dump();
  return reply?.statusCode === 200;
}

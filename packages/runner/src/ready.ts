import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Found, Launch } from './apps.js';
import type { App } from './plan.js';
import { until } from './until.js';

/** Waits for every app of a launch, saying which is ready, and looks whether all that was started still runs. */
export async function untilReady(launch: Launch, lookAround: () => Promise<(app: App) => Found>, cliLives: () => boolean): Promise<void> {
  const { plan, logFile, say, signal } = launch;
  const started = Date.now();
  const waiting = new Set(plan.apps);
  const launched = new Set<App>();

  async function look(app: App, found: Found, log: string): Promise<void> {
    if ((found.app && found.sidecar) || log.includes(`Started Dapr with app id "${app.appID}"`)) launched.add(app);
    const part = found.sidecar ? 'app' : 'sidecar';
    if (launched.has(app) && !found[part]) await fail(`The ${part} of ${app.appID}`, (all) => linesOf(all, app.appID));
    if (!waiting.has(app) || !(await isReady(app))) return;
    waiting.delete(app);
    say(`${app.appID.padEnd(14)} ready after ${((Date.now() - started) / 1000).toFixed(1)} s`);
  }

  async function fail(what: string, pick: (log: string) => string[]): Promise<never> {
    await delay(500); // what it wrote last comes through the CLI
    const lines = pick(await readFile(logFile, 'utf8'))
      .filter(Boolean)
      .slice(-15);
    throw new Error(`${what} has ended while the shop was starting. The end of its log, the rest is in ${logFile}:\n${lines.join('\n')}`);
  }

  const what = () => `${[...waiting].map(({ appID }) => appID).join(', ')} ready; see ${logFile}`;
  await until(what, 120, async () => {
    signal.throwIfAborted();
    const log = await readFile(logFile, 'utf8');
    if (!cliLives()) await fail('The Dapr CLI', (all) => all.split('\n'));
    const found = await lookAround();
    await Promise.all(plan.apps.map((app) => look(app, found(app), log)));
    return waiting.size === 0;
  });
}

export async function isReady({ appPort }: App): Promise<boolean> {
  return fetch(`http://127.0.0.1:${appPort}/health/ready`, { signal: AbortSignal.timeout(2000) }).then(
    (answer) => answer.ok,
    () => false,
  );
}

/** The CLI marks the lines of an app, the sidecar its own. */
function linesOf(log: string, appId: string): string[] {
  return log.split('\n').filter((line) => line.includes(`== APP - ${appId} ==`) || line.includes(`app_id=${appId} `));
}

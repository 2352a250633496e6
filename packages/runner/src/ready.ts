import { readFile } from 'node:fs/promises';
import type { Found, Launch } from './apps.js';
import type { App } from './plan.js';
import { until } from './until.js';

/** Waits for every app of a launch, saying which is ready, and looks whether all that was started still runs. */
export async function untilReady(launch: Launch, find: (app: App) => Promise<Found>, cliLives: () => boolean): Promise<void> {
  const { plan, logFile, say, signal } = launch;
  const started = Date.now();
  const waiting = new Set(plan.apps);
  const launched = new Set<App>();

  async function look(app: App, log: string): Promise<void> {
    const found = await find(app);
    if ((found.app && found.sidecar) || log.includes(`Started Dapr with app id "${app.appID}"`)) launched.add(app);
    const part = found.sidecar ? 'app' : 'sidecar';
    if (launched.has(app) && !found[part]) throw new Error(endedEarly(`The ${part} of ${app.appID}`, logFile, linesOf(log, app.appID)));
    if (!(await isReady(app))) return;
    waiting.delete(app);
    say(`${app.appID.padEnd(14)} ready after ${((Date.now() - started) / 1000).toFixed(1)} s`);
  }

  const what = () => `${[...waiting].map(({ appID }) => appID).join(', ')} ready; see ${logFile}`;
  await until(what, 120, async () => {
    signal.throwIfAborted();
    const log = await readFile(logFile, 'utf8');
    if (!cliLives()) throw new Error(endedEarly('The Dapr CLI', logFile, log.split('\n')));
    await Promise.all([...waiting].map((app) => look(app, log)));
    return waiting.size === 0;
  });
}

export async function isReady({ appPort }: App): Promise<boolean> {
  return fetch(`http://127.0.0.1:${appPort}/health/ready`, { signal: AbortSignal.timeout(2000) }).then(
    (answer) => answer.ok,
    () => false,
  );
}

function endedEarly(what: string, logFile: string, lines: string[]): string {
  const end = lines
    .filter(Boolean)
    .slice(-15)
    .map((line) => `  ${line}`);
  return [`${what} has ended while the shop was starting. The end of its log, the rest is in ${logFile}:`, ...end].join('\n');
}

/** The CLI marks the lines of an app, the sidecar its own. */
function linesOf(log: string, appId: string): string[] {
  return log.split('\n').filter((line) => line.includes(`== APP - ${appId} ==`) || line.includes(`app_id=${appId} `));
}

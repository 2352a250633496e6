/** `npm start`: the whole shop in `.sidecart/`, until Ctrl-C. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startEdge } from './edge.js';
import { startMailCatcher } from './mail-catcher.js';
import { refuseTaken } from './ports.js';
import { root } from './root.js';
import { startFlags } from './start-flags.js';
import { refuseSecondStart, startSystem, type System } from './system.js';
import { tool } from './tools.js';

const folder = join(root, '.sidecart');
const undo: (() => Promise<void>)[] = [];
const giveUp = new AbortController();
let ending: Promise<void> | undefined;

function say(line: string): void {
  console.log(`  ${line}`);
}

/** Ends what was started, the last first. Further signals change nothing. */
function end(code: number): Promise<void> {
  return (ending ??= (async () => {
    for (const step of undo.toReversed()) await step().catch((error: unknown) => console.error(error));
    process.exitCode = code;
  })());
}

async function start(): Promise<void> {
  const { fresh, state, pubsub, ports } = startFlags(process.argv.slice(2));
  // Before signals are taken: a build ends with them.
  await tool('dapr');
  await tool('daprd');
  if (!pubsub) await tool('nats-server');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => giveUp.abort(new Error('Given up.')));

  const started = Date.now();
  await refuseSecondStart(folder);
  const { '--nats-port': natsPort, ...own } = ports;
  await refuseTaken(pubsub ? own : ports);
  if (fresh) await rm(folder, { recursive: true, force: true });
  if (state) await (await import('./databases.js')).ensureDatabase(state.connection);

  console.log('Starting the shop');
  const mails = await startMailCatcher({ smtpPort: ports['--smtp-port'], httpPort: ports['--mail-port'] });
  undo.push(() => mails.close());
  const env = {
    SMTP_URL: `smtp://127.0.0.1:${mails.smtpPort}`,
    WEBHOOK_URL: `http://127.0.0.1:${ports['--port']}/api/payments/webhook`,
  };
  const system = await startSystem({
    folder,
    natsPort,
    ...(state && { state }),
    ...(pubsub && { pubsub }),
    env,
    say,
    signal: giveUp.signal,
  });
  undo.push(() => system.stop());
  const routesFile = join(root, 'charts', 'sidecart', 'routes.yaml');
  const edge = await startEdge({ port: ports['--port'], targets: system.urls, routesFile, mailPage: mails.url });
  undo.push(() => edge.close());

  tell(edge.url, mails.url, system, (Date.now() - started) / 1000);
  await untilTheEnd(system);
}

function tell(shop: string, mails: string, { admin, logFile }: System, seconds: number): void {
  const rows = [
    ['The shop', `${shop}/api`],
    ['Its API', `${shop}/api/docs`],
    ['Mails', mails],
    ['Admin', `${admin.email}  ${admin.password}`],
    ['Log', logFile],
  ];
  console.log(`\nReady after ${seconds.toFixed(1)} s.\n`);
  for (const [name = '', value = ''] of rows) console.log(`  ${name.padEnd(10)} ${value}`);
  console.log(`\nTry:  curl '${shop}/api/products?limit=3'\nCtrl-C ends everything.`);
}

/** Until a signal, or until the Dapr CLI is lost. Says what else is lost meanwhile, once. */
async function untilTheEnd(system: System): Promise<void> {
  const told = new Set<string>();
  const watch = setInterval(async () => {
    const news = (await system.missing()).filter((part) => !told.has(part));
    for (const part of news) say(`The ${part} has ended; see ${system.logFile}`);
    news.forEach((part) => told.add(part));
  }, 5000);
  const signalled = new Promise<'signal'>((resolve) => giveUp.signal.addEventListener('abort', () => resolve('signal')));
  const how = await Promise.race([signalled, system.ended.then(() => 'lost')]);
  clearInterval(watch);
  if (how === 'lost') throw new Error(`The Dapr CLI has ended; see ${system.logFile}.`);
  console.log('\nStopping');
}

try {
  await start();
  await end(0);
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  await end(1);
}
process.exit();

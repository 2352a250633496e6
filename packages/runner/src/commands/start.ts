/** `npm start`: the whole shop in `.sidecart/`, until Ctrl-C. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { refuseTaken } from '../shop/ports.js';
import { root } from '../tools/root.js';
import { seed } from '../shop/seed.js';
import { startShop, type Shop } from '../shop/shop.js';
import { startFlags, USAGE } from './start-flags.js';
import { refuseSecondStart } from '../shop/system.js';
import { tool } from '../tools/tools.js';

const folder = join(root, '.sidecart');
const giveUp = new AbortController();

function say(line: string): void {
  console.log(`  ${line}`);
}

async function start(): Promise<void> {
  const { fresh, state, pubsub, ports } = startFlags(process.argv.slice(2));
  // Before signals are taken: a build ends with them.
  await tool('daprd');
  if (!pubsub) await tool('nats-server');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => giveUp.abort(new Error('Given up.')));

  const started = Date.now();
  await refuseSecondStart(folder);
  const { '--port': edge, '--mail-port': mails, '--smtp-port': smtp, '--nats-port': natsPort } = ports;
  await refuseTaken({ '--port': edge, '--mail-port': mails, '--smtp-port': smtp, ...(!pubsub && { '--nats-port': natsPort }) });
  if (fresh) await rm(folder, { recursive: true, force: true });
  if (state) await (await import('../shop/databases.js')).ensureDatabase(state.connection);

  console.log('Starting the shop');
  const components = { ...(state && { state }), ...(pubsub && { pubsub }) };
  const shop = await startShop({ folder, ports: { edge, mails, smtp }, natsPort, ...components, say, signal: giveUp.signal });
  try {
    await seedOnce(shop);
    tell(shop, (Date.now() - started) / 1000);
    await untilSignal();
  } finally {
    await shop.stop();
  }
}

async function seedOnce({ edge, system }: Shop): Promise<void> {
  const seeded = join(folder, 'seeded');
  if (existsSync(seeded)) return;
  await seed({ api: edge, ...system.admin, log: say });
  await writeFile(seeded, '');
}

function tell({ edge, mails, system }: Shop, seconds: number): void {
  const rows = [
    ['The shop', `${edge}/api`],
    ['Its API', `${edge}/api/docs`],
    ['Mails', mails],
    ['Admin', `${system.admin.email}  ${system.admin.password}`],
    ['Logs', system.logs],
  ];
  console.log(`\nReady after ${seconds.toFixed(1)} s.\n`);
  for (const [name = '', value = ''] of rows) console.log(`  ${name.padEnd(10)} ${value}`);
  console.log(`\nTry:  curl '${edge}/api/products?limit=3'\nCtrl-C ends everything.`);
}

async function untilSignal(): Promise<void> {
  if (!giveUp.signal.aborted) await once(giveUp.signal, 'abort');
  console.log('\nStopping');
}

try {
  if (process.argv.includes('--help')) console.log(USAGE);
  else await start();
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
process.exit();

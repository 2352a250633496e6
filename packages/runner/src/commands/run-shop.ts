import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { refuseTaken } from '../shop/ports.js';
import { startShop, type Shop } from '../shop/shop.js';
import { refuseSecondStart } from '../shop/system.js';
import { root } from '../tools/root.js';
import { tool } from '../tools/tools.js';
import { startFlags, USAGE } from './start-flags.js';

const folder = join(root, '.sidecart');

type Say = (line: string) => void;

/** Runs beside the shop once it is ready, and is closed before the shop stops. */
export type Companion = (shop: Shop, say: Say) => Promise<{ close(): void }>;

const say: Say = (line) => console.log(`  ${line}`);

/** Runs the shop as the flags of this process say, until a signal. Then ends this process. */
export async function runShop(companion?: Companion): Promise<never> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort(new Error('Stopped.')));
  try {
    if (process.argv.includes('--help')) console.log(USAGE);
    else await runUntil(stop.signal, companion);
  } catch (error) {
    console.error(`\n${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
  process.exit();
}

async function runUntil(signal: AbortSignal, companion?: Companion): Promise<void> {
  const started = Date.now();
  const shop = await start(signal);
  try {
    await seedOnce(shop);
    tell(shop, (Date.now() - started) / 1_000);
    const beside = await companion?.(shop, say);
    if (!signal.aborted) await once(signal, 'abort');
    console.log('\nStopping');
    beside?.close();
  } finally {
    await shop.stop();
  }
}

async function start(signal: AbortSignal): Promise<Shop> {
  const { fresh, state, pubsub, ports } = startFlags(process.argv.slice(2));
  await tool('daprd', { signal });
  if (!pubsub) await tool('nats-server', { signal });

  await refuseSecondStart(folder);
  const { '--port': edge, '--mail-port': mails, '--smtp-port': smtp, '--nats-port': natsPort } = ports;
  await refuseTaken({ '--port': edge, '--mail-port': mails, '--smtp-port': smtp, ...(!pubsub && { '--nats-port': natsPort }) });
  if (fresh) await rm(folder, { recursive: true, force: true });
  if (state) await (await import('../shop/databases.js')).ensureDatabase(state.connection);

  console.log('Starting the shop');
  const components = { ...(state && { state }), ...(pubsub && { pubsub }) };
  return startShop({ folder, ports: { edge, mails, smtp }, natsPort, ...components, say, signal });
}

async function seedOnce({ edge, system }: Shop): Promise<void> {
  const seeded = join(folder, 'seeded');
  if (existsSync(seeded)) return;
  // Loaded only if needed, because it stays in memory.
  const { seed } = await import('../shop/seed.js');
  await seed({ api: edge, ...system.admin, log: say });
  await writeFile(seeded, '');
}

function tell({ edge, mails, system }: Shop, seconds: number): void {
  const rows = [
    ['Shop', `${edge}/api`],
    ['API', `${edge}/api/docs`],
    ['Mails', mails],
    ['Admin', `${system.admin.email}  ${system.admin.password}`],
    ['Logs', system.logs],
  ];
  console.log(`\nReady after ${seconds.toFixed(1)} s.\n`);
  for (const [name = '', value = ''] of rows) console.log(`  ${name.padEnd(10)} ${value}`);
  console.log(`\nTry:  curl '${edge}/api/products?limit=3'\nCtrl-C stops everything.`);
}

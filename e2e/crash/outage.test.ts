import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { serverOf } from '@sidecart/runner/combination';
import { ownDatabase } from '@sidecart/runner/databases';
import { freePorts } from '@sidecart/runner/ports';
import { openShop, sufferOutage, type Aftermath, type Outage } from './outage.js';
import { startProxy } from './proxy.js';

const MINUTES = Number(process.env['OUTAGE_MINUTES'] ?? 5);
const LIMIT_MS = (MINUTES + 10) * 60_000;

const broker: Outage = {
  cut: async ({ system }) => system.broker?.kill(),
  mend: async ({ system }) => system.broker?.restart(),
};

async function mailServer(): Promise<Outage> {
  const [edge = 0, mails = 0, smtp = 0] = await freePorts(3);
  const proxy = await startProxy({ host: '127.0.0.1', port: smtp });
  return {
    options: { ports: { edge, mails, smtp }, env: { SMTP_URL: `smtp://127.0.0.1:${proxy.port}` } },
    cut: proxy.cut,
    mend: proxy.mend,
    close: proxy.cut,
  };
}

async function database(url: string): Promise<Outage> {
  const own = await ownDatabase(url);
  const through = new URL(own.url);
  const proxy = await startProxy({ host: through.hostname, port: Number(through.port || 5432) });
  through.host = `127.0.0.1:${proxy.port}`;
  return {
    options: { state: { provider: 'postgresql', connection: through.href } },
    cut: proxy.cut,
    mend: proxy.mend,
    async close() {
      await proxy.cut();
      await own.drop();
    },
  };
}

const server = serverOf('postgresql');
if (!server) console.info('skipped the outage of the state store: TEST_POSTGRES_URL is not set');

/**
 * The outages run concurrently, because each takes minutes. The shops start one after another,
 * because each picks free ports.
 */
const aftermaths = new Map<string, Promise<Aftermath>>();
beforeAll(async () => {
  const outages = { broker, 'mail server': await mailServer(), ...(server && { 'state store': await database(server) }) };
  for (const [what, outage] of Object.entries(outages)) {
    const shop = await openShop(outage);
    aftermaths.set(what, sufferOutage(shop, outage, MINUTES));
  }
}, 180_000);
afterAll(() => Promise.allSettled(aftermaths.values()), LIMIT_MS);

test.each(['broker', 'mail server', ...(server ? ['state store'] : [])])(
  `after an outage of the %s for ${MINUTES} minutes, everything arrives once, nothing is dead-lettered, and the ledger adds up`,
  async (what) => {
    const after = await aftermaths.get(what);
    const { orders = 0 } = after ?? {};
    console.info(`outage of the ${what} for ${MINUTES} minutes: ${orders} orders, complete ${after?.secondsToRecover} s after its end`);
    expect(orders).toBeGreaterThan(5);
    expect(after).toEqual({
      orders,
      statuses: { paid: orders },
      stock: { onHand: 100_000 - orders, held: 0 },
      sold: Array.from({ length: orders }, () => 1),
      mails: Array.from({ length: orders }, () => 2),
      registration: { 'Verify your email address': 1, Welcome: 1 },
      deadLetters: {},
      secondsToRecover: expect.any(Number),
    });
  },
  LIMIT_MS,
);

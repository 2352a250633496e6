import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { caller } from '@sidecart/chassis/calls';
import { createDapr, type Dapr } from '@sidecart/chassis/dapr';
import { DomainError } from '@sidecart/chassis/errors';
import { createHttp } from '@sidecart/chassis/http';
import { openStore, type Store } from '@sidecart/chassis/store';
import type { CallType } from '@sidecart/contracts/call';
import { Commit, Hold, Release, Reserve } from '@sidecart/contracts/inventory';
import { serverOf } from '@sidecart/runner/combination';
import { ownDatabase, type OwnDatabase } from '@sidecart/runner/databases';
import { startSidecar, testComponents } from '@sidecart/runner/sidecar';
import { sharedDocuments } from '@sidecart/testing/documents';
import { createTestLogger } from '@sidecart/testing/logger';
import { createApp } from '../src/app.js';
import { Settings } from '../src/config.js';
import { ONLY_DEFAULT } from '../src/locations/location.js';
import { work } from '../src/stock/movement.js';
import { available, held, onHand } from '../src/stock/stock.js';
import { ledger, openStocks } from '../src/stock/store.js';
import { aProduct, line } from './builders.js';
import { in15 } from './inventory.js';

const server = serverOf('postgresql');
if (!server) console.info('a hot SKU over two replicas on PostgreSQL: skipped, TEST_POSTGRES_URL names no server; runs on SQLite');

interface Replica {
  store: Store;
  /** Its sidecar, with calls that go to the replica in this process. */
  dapr: Dapr;
  close(): Promise<void>;
}

let database: OwnDatabase | undefined;
let components: Awaited<ReturnType<typeof testComponents>>;
const replicas: Replica[] = [];

beforeAll(async () => {
  database = server ? await ownDatabase(server) : undefined;
  components = await testComponents({
    pubsub: 'in-memory',
    ...(database ? { state: 'postgresql' as const, stateConnection: database.url } : {}),
  });
  const documents = await sharedDocuments();
  for (const replica of ['one', 'two']) {
    const sidecar = await startSidecar({ appId: 'inventory', ...components });
    const dapr = createDapr({ port: sidecar.httpPort, apiToken: undefined });
    const store = await openStore({ dapr, app: 'inventory', replica });
    const logger = createTestLogger('inventory');
    const app = await createApp({ settings: Settings.parse({ DOCUMENTS_URL: 'memory:' }), store, logger, documents });
    const verify = async () => Promise.reject(new Error('nobody signs in'));
    const http = createServer(
      createHttp({ service: 'inventory', logger, verify, routes: app.routes, sidecar: [], appToken: 'a token of the app' }),
    );
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const address = http.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const invoke: Dapr['invoke'] = async (_app, path, body) => {
      const headers = { 'content-type': 'application/json', 'dapr-api-token': 'a token of the app' };
      return (await fetch(`http://127.0.0.1:${port}/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).json();
    };
    const close = async () => {
      http.close();
      http.closeAllConnections();
      await store.close();
      await dapr.stop();
      await sidecar.stop();
    };
    replicas.push({ store, dapr: { ...dapr, invoke }, close });
  }
}, 120_000);

afterAll(async () => {
  await Promise.all(replicas.map((replica) => replica.close()));
  await database?.drop();
  if (components) await rm(components.folder, { recursive: true, force: true });
}, 60_000);

const replicaOf = (n: number): Replica => {
  const replica = replicas[n % replicas.length];
  if (!replica) throw new Error('no replica has started');
  return replica;
};

/** Adds a SKU with this many pieces and returns it. */
async function stocked(quantity: number): Promise<string> {
  const sku = `S-${randomUUID()}`;
  const stocks = openStocks(replicaOf(0).store);
  await stocks.create(sku, { product: aProduct(), threshold: 5 }, (stock) => ({ stock, events: [] }));
  const asked = { type: 'receive' as const, location: 'default', quantity, reason: 'test', by: 'eve' };
  await stocks.moveOnce({ sku, userId: 'eve', idempotencyKey: sku, request: asked }, (stock, _, now) =>
    work(stock, asked, ONLY_DEFAULT, now),
  );
  return sku;
}

/** Returns a caller for each replica. */
const callers = <I, O>(type: CallType<I, O>) => {
  const each = replicas.map(({ dapr }) => caller(dapr, type, 60_000));
  return (n: number, input: I): Promise<O> => {
    const call = each[n % each.length];
    if (!call) throw new Error('no replica has started');
    return call(input);
  };
};

const refusalOf = (error: unknown): string => {
  if (error instanceof DomainError) return error.slug;
  throw error;
};

describe('a hot SKU', () => {
  test('of 100 pieces is sold 100 times to 500 buyers at once over two replicas: no oversell, no lost update', async () => {
    const sku = await stocked(100);
    const [reserve, commit] = [callers(Reserve), callers(Commit)];
    const orders = Array.from({ length: 500 }, () => randomUUID());
    const buy = async (reference: string, n: number): Promise<string> => {
      await reserve(n, { reference, cartId: null, lines: [line(sku, 1)], until: in15() });
      await commit(n + 1, { reference, requestId: 'parcel-1', lines: [line(sku, 1)] }); // on the other replica
      return 'bought';
    };
    const outcomes = await Promise.all(orders.map((reference, n) => buy(reference, n).catch(refusalOf)));
    expect(outcomes.filter((outcome) => outcome === 'bought')).toHaveLength(100);
    expect(outcomes.filter((outcome) => outcome === 'out-of-stock')).toHaveLength(400);
    const stock = await openStocks(replicaOf(1).store).read(sku);
    expect({ onHand: onHand(stock), held: held(stock, new Date()), seq: stock.seq }).toEqual({ onHand: 0, held: 0, seq: 101 });
    expect((await replicaOf(0).store.read(ledger(sku).head))?.count).toBe(101);
  }, 120_000);

  test('keeps count of 300 holds, releases and reservations of carts that share it, on two replicas', async () => {
    const sku = await stocked(40);
    const [hold, reserve, release] = [callers(Hold), callers(Reserve), callers(Release)];
    const shop = async (n: number): Promise<void> => {
      const [cartId, reference] = [`cart-${n}`, randomUUID()];
      await hold(n, { cartId, sku, quantity: 2, until: in15() });
      await hold(n + 1, { cartId, sku, quantity: 1, until: in15() });
      // Two lines of the cart name the same SKU: they are one demand on its stock.
      await reserve(n, { reference, cartId, lines: [line(sku, 1), line(sku, 1)], until: in15() });
      await release(n + 1, { reference, requestId: 'changed-mind', lines: [line(sku, 1)] });
    };
    const outcomes = await Promise.all(Array.from({ length: 300 }, (_, n) => shop(n).then(() => 'has one', refusalOf)));
    const stock = await openStocks(replicaOf(0).store).read(sku);
    const now = new Date();
    const bought = outcomes.filter((outcome) => outcome === 'has one').length;
    expect(new Set(outcomes)).toEqual(new Set(['has one', 'out-of-stock']));
    expect(bought).toBeGreaterThan(0);
    expect(onHand(stock)).toBe(40);
    expect(held(stock, now) + available(stock, now)).toBe(40);
    // Each buyer has one; what is held beside is the first piece of carts whose order was refused.
    expect(held(stock, now)).toBeGreaterThanOrEqual(bought);
    expect(held(stock, now)).toBeLessThanOrEqual(40);
  }, 120_000);
});

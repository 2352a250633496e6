import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { DaprError, type Dapr } from '../src/dapr/dapr.js';
import { routes } from '../src/http/routes.js';
import { key, put } from '../src/store/state.js';
import { openStore, type Store } from '../src/store/store.js';
import { openBench, type Bench } from './harness.js';
import { serve, type Reply, type Served } from './serve.js';

/** The error of a database, which must not reach callers. */
const SECRETS = 'pq: password authentication failed for user "shop" at 10.0.0.7';

const counter = key<number>('counter');

function countRoutes(store: Store) {
  const to = routes('count');
  to.get('/count', { summary: 'Returns the count.', access: 'public', reply: z.unknown() }, async () => ({
    count: (await store.read(counter)) ?? 0,
  }));
  to.post('/count', { summary: 'Counts.', access: 'public', reply: z.unknown() }, () =>
    store.transact([counter], (docs) => {
      const count = (docs.get(counter) ?? 0) + 1;
      return { write: [put(counter, count)], result: { count } };
    }),
  );
  return to;
}

let bench: Bench;

beforeAll(async () => {
  bench = await openBench('sqlite');
}, 60_000);

afterAll(() => bench.close());

function expectUnavailable({ status, headers, body }: Reply): void {
  expect([status, headers.get('content-type'), Number(headers.get('retry-after'))]).toEqual([
    503,
    'application/problem+json; charset=utf-8',
    expect.any(Number),
  ]);
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  expect(body.detail).toMatch(/at the moment\. Try again/);
}

interface Service {
  http: Served;
  /** Kills the sidecar. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

async function opened(change: (dapr: Dapr) => Dapr): Promise<Service> {
  const sidecar = await bench.sidecar();
  const store = await openStore({ dapr: change(sidecar.dapr), app: 'things', replica: crypto.randomUUID(), patienceMs: 300 });
  const http = await serve({ routes: [countRoutes(store)] });
  const close = async () => {
    await http.close();
    await store.close().catch(() => undefined); // without a sidecar it cannot unregister its lane
  };
  return { http, kill: () => sidecar.kill(), close };
}

describe('while the sidecar is unavailable', () => {
  let service: Service;

  beforeAll(async () => {
    service = await opened((dapr) => dapr);
    expect((await service.http.ask('POST', '/count')).body).toEqual({ count: 1 });
    await service.kill();
  }, 60_000);

  afterAll(() => service.close());

  test.each(['GET', 'POST'])('%s gets a 503 with Retry-After', async (method) => {
    expectUnavailable(await service.http.ask(method, '/count'));
  });
});

describe('while the store fails', () => {
  let service: Service;
  let failing = false;

  beforeAll(async () => {
    service = await opened((dapr) => ({
      ...dapr,
      async read(keys) {
        if (failing) throw new DaprError('state bulk get', 500, SECRETS);
        return dapr.read(keys);
      },
    }));
    failing = true;
  }, 60_000);

  afterAll(async () => {
    failing = false;
    await service.close();
  });

  test.each(['GET', 'POST'])('%s logs the cause once, and does not reveal it to the caller', async (method) => {
    const before = service.http.lines.length;
    const reply = await service.http.ask(method, '/count');
    expectUnavailable(reply);
    expect(JSON.stringify(reply.body)).not.toMatch(/pq:|shop|10\.0\.0\.7|state bulk get/);
    const logged = service.http.lines.slice(before).filter(({ err }) => err?.message.includes(SECRETS));
    expect(logged.map(({ level }) => level)).toEqual([40]);
  });
});

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Hold, Reserve } from '@sidecart/contracts/inventory';
import { startApp, type TestApp } from '@sidecart/testing/app';
import { aUser } from '@sidecart/testing/tokens';
import { createApp } from '../src/app.js';
import { Settings } from '../src/config.js';

const STAFF = aUser({ id: 'eve', role: 'staff', permissions: ['inventory'] });
const in15 = () => new Date(Date.now() + 15 * 60_000).toISOString();

let app: TestApp;
beforeAll(async () => {
  app = await startApp('inventory', Settings.parse({ GUEST_HOLD_PIECES: '20' }), createApp);
}, 60_000);
afterAll(() => app?.close());

async function stocked(quantity: number): Promise<string> {
  const sku = `S-${randomUUID()}`;
  expect((await app.request('POST', '/api/inventories', { sku, productId: 'p1', quantity }, { as: STAFF })).status).toBe(201);
  return sku;
}

const heldOf = async (sku: string): Promise<number> =>
  (await app.request('GET', `/api/inventories/${sku}`, undefined, { as: STAFF })).body.held;
const hold = (cartId: string, sku: string, quantity: number) => app.call(Hold, { cartId, sku, quantity, until: in15() });
const guestHold = (cartId: string, sku: string, quantity: number, guestAddress: string = randomUUID()) =>
  app.call(Hold, { cartId, sku, quantity, until: in15(), guestAddress });

describe('guests', () => {
  test('hold half of a SKU together at most; customers may hold the rest', async () => {
    const sku = await stocked(10);
    expect((await guestHold('g-1', sku, 3)).output).toMatchObject({ sku, quantity: 3 });
    expect((await guestHold('g-2', sku, 3)).refused).toMatchObject({
      kind: 'conflict',
      slug: 'guest-stock-limit',
      extras: { lines: [{ sku, requested: 3, available: 2 }] },
    });
    expect((await guestHold('g-2', sku, 2)).output).toBeDefined();
    expect((await hold('u-1', sku, 5)).output).toBeDefined();
    expect((await guestHold('g-3', sku, 1)).refused?.slug).toBe('out-of-stock');
  });

  test('who give pieces back leave room for others', async () => {
    const sku = await stocked(10);
    await guestHold('g-1', sku, 5);
    expect((await guestHold('g-2', sku, 1)).refused?.slug).toBe('guest-stock-limit');
    await guestHold('g-1', sku, 4);
    expect((await guestHold('g-2', sku, 1)).output).toBeDefined();
  });

  test('who sign in leave room for others: the pieces are the customer’s', async () => {
    const sku = await stocked(10);
    await guestHold('g-1', sku, 5, 'home-1');
    await Promise.all([hold('g-1', sku, 0), hold('u-1', sku, 5)]);
    expect((await guestHold('g-2', sku, 5, 'home-1')).output).toBeDefined();
    expect(await heldOf(sku)).toBe(10);
  });

  test('40 at once hold 10 of 20 pieces', async () => {
    const sku = await stocked(20);
    const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => guestHold(`g-${n}`, sku, 1)));
    expect(answers.filter(({ output }) => output)).toHaveLength(10);
    expect(answers.filter(({ refused }) => refused?.slug === 'guest-stock-limit')).toHaveLength(30);
    expect(await heldOf(sku)).toBe(10);
  });

  test('whose cart becomes an order leave room for others', async () => {
    const sku = await stocked(10);
    await guestHold('g-order', sku, 5);
    const lines = [{ sku, quantity: 5 }];
    expect((await app.call(Reserve, { reference: randomUUID(), cartId: 'g-order', lines, until: in15() })).output).toBeDefined();
    expect((await guestHold('g-2', sku, 5)).output).toBeDefined();
  });
});

describe('the guests at one address', () => {
  test('hold 20 pieces together at most, over all SKUs and carts', async () => {
    const [first, second] = await Promise.all([stocked(100), stocked(100)]);
    const address = randomUUID();
    await guestHold('g-1', first, 15, address);
    const { refused } = await guestHold('g-2', second, 6, address);
    expect(refused).toMatchObject({
      kind: 'limited',
      slug: 'guest-hold-limit',
      extras: { lines: [{ sku: second, requested: 6, available: 5 }], retryAfter: expect.any(Number) },
    });
    expect(await heldOf(second)).toBe(0);
    expect((await guestHold('g-2', second, 6)).output).toBeDefined();
  });

  test('who ask 60 times at once, each for a SKU and a cart of its own, hold 20 pieces', async () => {
    const address = randomUUID();
    const skus = await Promise.all(Array.from({ length: 60 }, () => stocked(2)));
    const answers = await Promise.all(skus.map((sku, n) => guestHold(`g-${n}`, sku, 1, address)));
    expect(answers.filter(({ output }) => output)).toHaveLength(20);
    expect(answers.filter(({ refused }) => refused?.slug === 'guest-hold-limit')).toHaveLength(40);
  });

  test('who renew a hold from another address hold no more by it', async () => {
    const [sku, other] = await Promise.all([stocked(100), stocked(100)]);
    const [home, work] = [randomUUID(), randomUUID()];
    await guestHold('g-1', sku, 20, home);
    expect((await guestHold('g-1', sku, 20, work)).output).toBeDefined();
    expect((await guestHold('g-2', other, 1, work)).refused?.slug).toBe('guest-hold-limit');
    expect((await guestHold('g-3', other, 20, home)).output).toBeDefined();
    expect((await guestHold('g-3', other, 20, work)).refused?.slug).toBe('guest-hold-limit');
  });
});

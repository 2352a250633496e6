import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Hold, Reserve } from '@sidecart/contracts/inventory';
import { in15, startInventory, type InventoryApp } from '../inventory.js';

let app: InventoryApp;

beforeAll(async () => {
  app = await startInventory({ GUEST_HOLD_PIECES: '20' });
}, 60_000);

afterAll(() => app?.close());

const stocked = (quantity: number) => app.stocked(quantity);
const heldOf = async (sku: string): Promise<number> => (await app.stockOf(sku)).held;
const hold: InventoryApp['hold'] = (...args) => app.hold(...args);
const guestHold = (cartId: string, sku: string, quantity: number, guestAddress: string = randomUUID()) =>
  app.call(Hold, { cartId, sku, quantity, until: in15(), guestAddress });

describe('guests', () => {
  test('hold at most half of a SKU together; customers can hold the rest', async () => {
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

  test('who release pieces leave room for others', async () => {
    const sku = await stocked(10);
    await guestHold('g-1', sku, 5);
    expect((await guestHold('g-2', sku, 1)).refused?.slug).toBe('guest-stock-limit');
    await guestHold('g-1', sku, 4);
    expect((await guestHold('g-2', sku, 1)).output).toBeDefined();
  });

  test('who sign in leave room for others, because the pieces are now the customer’s', async () => {
    const sku = await stocked(10);
    await guestHold('g-1', sku, 5, 'home-1');
    await Promise.all([hold('g-1', sku, 0), hold('u-1', sku, 5)]);
    expect((await guestHold('g-2', sku, 5, 'home-1')).output).toBeDefined();
    expect(await heldOf(sku)).toBe(10);
  });

  test('get 10 of 20 pieces if 40 of them want one at once', async () => {
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
  test('hold at most 20 pieces together, over all SKUs and carts', async () => {
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

  test('hold 20 pieces after 60 requests at once, each for its own SKU and cart', async () => {
    const address = randomUUID();
    const skus = await Promise.all(Array.from({ length: 60 }, () => stocked(2)));
    const answers = await Promise.all(skus.map((sku, n) => guestHold(`g-${n}`, sku, 1, address)));
    expect(answers.filter(({ output }) => output)).toHaveLength(20);
    expect(answers.filter(({ refused }) => refused?.slug === 'guest-hold-limit')).toHaveLength(40);
  });

  test('gain nothing by renewing a hold from another address', async () => {
    const [sku, other] = await Promise.all([stocked(100), stocked(100)]);
    const [home, work] = [randomUUID(), randomUUID()];
    await guestHold('g-1', sku, 20, home);
    expect((await guestHold('g-1', sku, 20, work)).output).toBeDefined();
    expect((await guestHold('g-2', other, 1, work)).refused?.slug).toBe('guest-hold-limit');
    expect((await guestHold('g-3', other, 20, home)).output).toBeDefined();
    expect((await guestHold('g-3', other, 20, work)).refused?.slug).toBe('guest-hold-limit');
  });
});

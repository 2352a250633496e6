import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ProductUpdated } from '@sidecart/contracts/catalog';
import { Hold, InventoryHoldLapsed, Reserve } from '@sidecart/contracts/inventory';
import { until as happens } from '@sidecart/runner/until';
import { euros } from '@sidecart/testing/builders';
import { line } from './builders.js';
import { orderOf, startInventory, type InventoryApp } from './inventory.js';

const clock = { now: new Date() };
let app: InventoryApp;

beforeAll(async () => {
  app = await startInventory({}, { now: () => clock.now });
}, 60_000);

afterAll(() => app?.close());

const pass = (minutes: number) => void (clock.now = new Date(clock.now.getTime() + minutes * 60_000));
/** Runs the cron turns of two replicas at once. */
const drain = () => Promise.all([app.cron(clock.now), app.cron(clock.now)]);
const inMinutes = (minutes: number) => new Date(clock.now.getTime() + minutes * 60_000).toISOString();
const hold = (cartId: string, sku: string, quantity: number, minutes = 15) =>
  app.call(Hold, { cartId, sku, quantity, until: inMinutes(minutes) });
const reserve = (reference: string, sku: string, quantity: number, minutes = 15) =>
  app.call(Reserve, { reference, cartId: null, lines: [line(sku, quantity)], until: inMinutes(minutes) });
const eventsOf = (subject: string) =>
  app.published.filter((event) => event.subject === subject).map(({ type }) => type.replace('inventory.', ''));
/** Returns the events of a subject once a later event shows that all are published. */
async function allEventsOf(subject: string): Promise<string[]> {
  const [marker, sku] = [randomUUID(), await app.stocked(1)];
  await hold(marker, sku, 1);
  await happens('the marker', 10, async () => eventsOf(marker).length > 0);
  return eventsOf(subject);
}

describe('a hold that lapses', () => {
  test('is published once for all lines of the cart, and frees the stock of an abandoned cart', async () => {
    const [cart, tea, cup] = [randomUUID(), await app.stocked(3), await app.stocked(3)];
    await Promise.all([hold(cart, tea, 3), hold(cart, cup, 2)]);
    expect((await hold('another', tea, 1)).refused?.slug).toBe('out-of-stock');
    pass(17);
    await drain();
    await drain();
    expect(await allEventsOf(cart)).toEqual(['held', 'held', 'hold_lapsed']);
    const lapsed = InventoryHoldLapsed.parse(
      app.published.find(({ type, subject }) => type === InventoryHoldLapsed.type && subject === cart),
    );
    expect(lapsed.data.lines).toHaveLength(2);
    expect((await hold('another', tea, 3)).output).toBeDefined();
  });

  test('is not published if it was renewed, until it lapses then', async () => {
    const [cart, tea] = [randomUUID(), await app.stocked(3)];
    await hold(cart, tea, 1);
    pass(10);
    await hold(cart, tea, 2);
    pass(7);
    await drain();
    expect(await allEventsOf(cart)).toEqual(['held', 'held']);
    pass(10);
    await drain();
    expect(await allEventsOf(cart)).toEqual(['held', 'held', 'hold_lapsed']);
  });

  test('is not published if it was released', async () => {
    const [cart, tea] = [randomUUID(), await app.stocked(3)];
    await hold(cart, tea, 1);
    await hold(cart, tea, 0);
    pass(17);
    await drain();
    expect(await allEventsOf(cart)).toEqual(['held', 'hold_released']);
  });
});

describe('a reservation that lapses', () => {
  test('is published once, frees its stock, and can still be paid while there is some', async () => {
    const [order, tea] = [orderOf(randomUUID()), await app.stocked(3)];
    await reserve(order.orderId, tea, 2);
    pass(17);
    await drain();
    await drain();
    expect(await allEventsOf(order.orderId)).toEqual(['reserved', 'lapsed']);
    await app.paid({ ...order, lines: orderOf('x', line(tea, 2)).lines });
    expect(await app.stockOf(tea)).toMatchObject({ onHand: 1, held: 0 });
  });

  test('is not published if it was extended, paid or cancelled', async () => {
    const tea = await app.stocked(9);
    const [extended, paid, cancelled] = [randomUUID(), randomUUID(), randomUUID()];
    for (const reference of [extended, paid, cancelled]) await reserve(reference, tea, 1);
    await app.paid(orderOf(paid, line(tea, 1)));
    await app.cancelled(orderOf(cancelled, line(tea, 1)));
    pass(10);
    await reserve(extended, tea, 1, 30);
    pass(10);
    await drain();
    expect(await allEventsOf(extended)).toEqual(['reserved']);
    expect(await allEventsOf(paid)).toEqual(['reserved', 'committed']);
    expect(await allEventsOf(cancelled)).toEqual(['reserved', 'released']);
    pass(25);
    await drain();
    expect(await allEventsOf(extended)).toEqual(['reserved', 'lapsed']);
  });

  test('gives up its place among waiting orders, and the next one gets the pieces', async () => {
    const tea = await app.stocked(0);
    const variants = [{ sku: tea, price: euros(100), backorder: { kind: 'preorder' as const, limit: 4 } }];
    await app.deliver(ProductUpdated('pre', 1, { productId: 'pre', name: 'Tea', status: 'published', categoryId: null, variants }));
    const second = orderOf(randomUUID(), line(tea, 2));
    await reserve(randomUUID(), tea, 2);
    await reserve(second.orderId, tea, 2);
    await app.paid(second);
    await app.move(tea, { type: 'receive', quantity: 2, reason: 'delivery' });
    expect(await app.stockOf(tea)).toMatchObject({ onHand: 2, backordered: 4, availability: 'out_of_stock' });
    pass(17);
    await drain();
    await drain();
    expect(await app.stockOf(tea)).toMatchObject({ onHand: 0, backordered: 0, availability: 'preorder' });
  });
});

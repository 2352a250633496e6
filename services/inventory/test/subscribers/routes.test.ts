import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { User } from '@sidecart/contracts/access-token';
import { EmailChanged, UserDeleted } from '@sidecart/contracts/identity';
import { InventoryBackInStock, InventorySubscriptionDue } from '@sidecart/contracts/inventory';
import { until as happens } from '@sidecart/runner/until';
import { problem } from '@sidecart/testing/problem';
import { aUser } from '@sidecart/testing/tokens';
import { startInventory, type InventoryApp } from '../inventory.js';

let app: InventoryApp;

beforeAll(async () => {
  app = await startInventory();
}, 60_000);

afterAll(() => app?.close());

const someone = (change: Partial<User> = {}) => aUser({ id: `u-${randomUUID()}`, ...change });
const ask = (method: 'POST' | 'DELETE', sku: string, as: User) =>
  app.request(method, `/api/inventories/${sku}/subscription`, undefined, { as });
const subscribe = (sku: string, as: User) => ask('POST', sku, as);
const noticesOf = (sku: string) =>
  app.published.flatMap((event) =>
    event.type === InventorySubscriptionDue.type && event.subject === sku ? [InventorySubscriptionDue.parse(event).data] : [],
  );
const receive = (sku: string, quantity = 5) => app.move(sku, { type: 'receive', quantity, reason: 'delivery' });

/** Delivers the last crossing of a SKU, as the broker would, and returns that event. */
async function crossed(sku: string, count = 1) {
  const event = await happens('the crossing', 10, async () => {
    const crossings = app.published.filter(({ type, subject }) => type === InventoryBackInStock.type && subject === sku);
    return crossings.length >= count && crossings.at(-1);
  });
  expect(await app.deliver(event)).toBe('SUCCESS');
  return event;
}
const notified = (sku: string, count: number) =>
  happens(`${count} notices`, 10, async () => noticesOf(sku).length >= count && noticesOf(sku));

describe('a subscription', () => {
  test('is delivered once when the SKU is back in stock, and then over', async () => {
    const [sku, ann] = [await app.stocked(0), someone({ email: 'ann@example.com', name: 'Ann' })];
    expect((await subscribe(sku, ann)).status).toBe(204);
    expect((await subscribe(sku, ann)).status).toBe(204);
    await receive(sku);
    const event = await crossed(sku);
    expect(await notified(sku, 1)).toEqual([
      { sku, productId: 'p1', name: '', subscriber: { userId: ann.id, email: 'ann@example.com', name: 'Ann' } },
    ]);
    await app.deliver(event);
    await app.move(sku, { type: 'ship', quantity: 5, reason: 'gone' });
    await receive(sku);
    await crossed(sku, 2);
    const bob = someone();
    await app.move(sku, { type: 'ship', quantity: 5, reason: 'gone' });
    await subscribe(sku, bob);
    await receive(sku);
    await crossed(sku, 3);
    expect((await notified(sku, 2)).map(({ subscriber }) => subscriber.userId)).toEqual([ann.id, bob.id]);
  });

  test('goes on waiting if the SKU is out of stock again before the event arrives', async () => {
    const [sku, ann] = [await app.stocked(0), someone()];
    await subscribe(sku, ann);
    await receive(sku);
    await app.move(sku, { type: 'ship', quantity: 5, reason: 'gone' });
    await crossed(sku);
    await receive(sku);
    await crossed(sku, 2);
    expect(await notified(sku, 1)).toHaveLength(1);
  });

  test('can be ended, and ending none is no error', async () => {
    const [sku, ann, bob] = [await app.stocked(0), someone(), someone()];
    await Promise.all([subscribe(sku, ann), subscribe(sku, bob)]);
    expect((await ask('DELETE', sku, ann)).status).toBe(204);
    expect((await ask('DELETE', sku, ann)).status).toBe(204);
    await receive(sku);
    await crossed(sku);
    expect((await notified(sku, 1)).map(({ subscriber }) => subscriber.userId)).toEqual([bob.id]);
  });

  test('follows the customer to a new email address', async () => {
    const [sku, ann] = [await app.stocked(0), someone()];
    await subscribe(sku, ann);
    await app.deliver(
      EmailChanged(ann.id, 2, { userId: ann.id, email: 'new@example.com', oldEmail: ann.email, name: 'Ann', locale: 'en' }),
    );
    await receive(sku);
    await crossed(sku);
    expect((await notified(sku, 1))[0]?.subscriber.email).toBe('new@example.com');
  });

  test('is erased with the account, which can have none afterwards', async () => {
    const [sku, ann, bob] = [await app.stocked(0), someone(), someone()];
    await Promise.all([subscribe(sku, ann), subscribe(sku, bob)]);
    expect(await app.deliver(UserDeleted(ann.id, 2, { userId: ann.id }))).toBe('SUCCESS');
    expect(await app.deliver(UserDeleted(ann.id, 2, { userId: ann.id }))).toBe('SUCCESS');
    expect(await subscribe(sku, ann)).toMatchObject(problem(403, 'account-deleted'));
    await receive(sku);
    await crossed(sku);
    expect((await notified(sku, 1)).map(({ subscriber }) => subscriber.userId)).toEqual([bob.id]);
  });

  test('of 100 customers at once is delivered to each once, though the event comes three times at once', async () => {
    const sku = await app.stocked(0);
    const customers = Array.from({ length: 100 }, () => someone());
    await Promise.all(customers.map((customer) => subscribe(sku, customer)));
    await receive(sku);
    const event = await crossed(sku);
    await Promise.all([app.deliver(event), app.deliver(event)]);
    const notices = await notified(sku, 100);
    expect(new Set(notices.map(({ subscriber }) => subscriber.userId)).size).toBe(100);
    expect(notices).toHaveLength(100);
  });

  test.each([
    ['to an unknown SKU', 'NOWHERE', someone(), problem(404, 'not-found')],
    ['to a malformed SKU', 'a%7Cb', someone(), { status: 400 }],
    ['without a verified address', 'NOWHERE', someone({ verified: false }), problem(403, 'address-not-verified')],
  ])('%s is refused', async (_name, sku, as, expected) => {
    expect(await subscribe(sku, as)).toMatchObject(expected);
  });

  test('needs a signed-in customer', async () => {
    expect((await app.request('POST', '/api/inventories/TEA/subscription')).status).toBe(401);
    expect((await app.request('DELETE', '/api/inventories/TEA/subscription')).status).toBe(401);
  });

  test('to a SKU in stock is refused', async () => {
    expect(await subscribe(await app.stocked(1), someone())).toMatchObject(problem(409, 'in-stock'));
  });
});

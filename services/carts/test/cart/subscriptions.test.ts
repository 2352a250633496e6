import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { UserDeleted } from '@sidecart/contracts/identity';
import { OrderPlaced, type OrderSnapshot } from '@sidecart/contracts/orders';
import { aLine, anOrder } from '@sidecart/testing/builders';
import { newPeople, startCarts, type CartsApp, type Shop } from '../carts.js';

let carts: CartsApp;
let shop: Shop;
let people: ReturnType<typeof newPeople>;

beforeAll(async () => {
  carts = await startCarts();
}, 60_000);

afterAll(() => carts?.close());

beforeEach(() => {
  shop = carts.renew();
  people = newPeople();
});

const add = (sku: string, quantity: number) => carts.add(people.ann, sku, quantity);
const contents = () => carts.contents(people.ann);

describe('user.deleted', () => {
  const deleted = () => carts.deliver(UserDeleted(people.userId, 2, { userId: people.userId }));

  test('empties the cart and releases its holds; a repeat changes nothing', async () => {
    await add('mug', 2);
    await add('tea', 1);
    expect([await deleted(), await deleted()]).toEqual(['SUCCESS', 'SUCCESS']);
    expect(await contents()).toEqual([]);
    expect([shop.heldBy(people.cartId, 'mug'), shop.heldBy(people.cartId, 'tea')]).toEqual([0, 0]);
    expect(await carts.eventsOf('cart.cleared', people.cartId)).toHaveLength(1);
  });

  test('changes nothing if there is no cart', async () => {
    expect(await deleted()).toBe('SUCCESS');
  });

  test('is delivered again if inventory does not answer', async () => {
    await add('mug', 2);
    shop.down = true;
    expect(await deleted()).toBe('RETRY');
    shop.down = false;
    expect(await deleted()).toBe('SUCCESS');
    expect(await contents()).toEqual([]);
  });

  test('is dropped if it is malformed', async () => {
    expect(await carts.deliver({ ...UserDeleted(people.userId, 2, { userId: people.userId }), data: {} })).toBe('DROP');
  });
});

describe('order.placed', () => {
  const orderOf = (checkoutId: string | null, ...lines: [string, number][]) =>
    anOrder({
      orderId: randomUUID(),
      buyer: { userId: people.userId, email: 'ann@example.com', name: 'Ann' },
      lines: lines.map(([sku, quantity]) => aLine(sku, quantity)),
      cart: checkoutId === null ? null : { cartId: people.cartId, checkoutId },
    });
  const placed = (order: OrderSnapshot) => carts.deliver(OrderPlaced(order.orderId, 1, order));

  test('empties the cart that became the order without calling inventory; a repeat changes nothing', async () => {
    const { checkoutId } = (await add('mug', 2)).body;
    const order = orderOf(checkoutId, ['mug', 2]);
    const holds = shop.asked.holds;
    expect(await placed(order)).toBe('SUCCESS');
    expect(await contents()).toEqual([]);
    await add('mug', 1);
    expect(await placed(order)).toBe('SUCCESS');
    expect(await contents()).toEqual([['mug', 1]]);
    expect(shop.asked.holds).toBe(holds + 1);
    const events = await carts.eventsOf('cart.cleared', people.cartId);
    expect(events.map(({ data }) => data)).toEqual([{ cartId: people.cartId, userId: people.userId }]);
  });

  test('leaves what was added since, for another order', async () => {
    const { checkoutId } = (await add('mug', 2)).body;
    await add('mug', 1);
    await add('tea', 1);
    await placed(orderOf(checkoutId, ['mug', 2]));
    expect(await contents()).toEqual([
      ['mug', 1],
      ['tea', 1],
    ]);
    expect((await carts.get(people.ann)).checkoutId).not.toBe(checkoutId);
  });

  test.each([
    ['of another checkout', 'another'],
    ['of no cart', null],
  ])('%s changes nothing', async (_name, checkoutId) => {
    await add('mug', 2);
    expect(await placed(orderOf(checkoutId, ['mug', 2]))).toBe('SUCCESS');
    expect(await contents()).toEqual([['mug', 2]]);
  });

  test('of a cart that has expired changes nothing', async () => {
    expect(await placed(orderOf('gone', ['mug', 2]))).toBe('SUCCESS');
  });

  test('is dropped if it is malformed', async () => {
    expect(await carts.deliver({ ...OrderPlaced('o', 1, orderOf(null, ['mug', 1])), data: { orderId: 'o' } })).toBe('DROP');
  });
});

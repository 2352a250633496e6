import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { euros } from '@sidecart/testing/builders';
import { aUser } from '@sidecart/testing/tokens';
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

const merge = () => carts.merge(people.ann, people.gil);
const contents = () => carts.contents(people.ann);

describe('a merge', () => {
  test("adds the guest's items to the customer's and moves the holds", async () => {
    const { ann, gil, userId, cartId, guestCartId } = people;
    await carts.add(ann, 'mug', 1);
    await carts.add(gil, 'mug', 2);
    await carts.add(gil, 'tea', 3);
    const { status, body } = await merge();
    expect(status).toBe(200);
    expect(body).toMatchObject({ count: 6, subtotal: euros(6000), adjusted: [] });
    expect(await contents()).toEqual([
      ['mug', 3],
      ['tea', 3],
    ]);
    expect(await carts.contents(gil)).toEqual([]);
    expect([shop.heldBy(cartId, 'mug'), shop.heldBy(guestCartId, 'mug')]).toEqual([3, 0]);
    const [event] = await carts.eventsOf('cart.merged', cartId);
    expect(event?.data).toEqual({ cartId, userId, guestCartId });
  });

  test('takes over the last pieces, which the guest holds', async () => {
    shop.onHand.set('mug', 2);
    await carts.add(people.gil, 'mug', 2);
    expect((await merge()).body).toMatchObject({ count: 2, adjusted: [] });
    expect(shop.heldBy(people.cartId, 'mug')).toBe(2);
  });

  test('changes nothing the second time', async () => {
    await carts.add(people.gil, 'mug', 2);
    await merge();
    const holds = shop.asked.holds;
    expect((await merge()).body).toMatchObject({ count: 2, adjusted: [] });
    expect(shop.asked.holds).toBe(holds);
  });

  test('adds the items once if five requests are concurrent', async () => {
    shop.unruly = true;
    await carts.add(people.ann, 'mug', 1);
    await carts.add(people.gil, 'mug', 2);
    await Promise.all(Array.from({ length: 5 }, merge));
    expect(await contents()).toEqual([['mug', 3]]);
    expect(shop.heldBy(people.cartId, 'mug')).toBe(3);
    expect(await carts.eventsOf('cart.merged', people.cartId)).toHaveLength(1);
  });

  test('reduces what cannot be held, lists it, and never takes from what the customer has', async () => {
    await carts.add(people.ann, 'mug', 3);
    await carts.add(people.gil, 'mug', 4);
    await carts.add(people.gil, 'tea', 4);
    await carts.add({ as: aUser({ id: randomUUID() }) }, 'hat', 1);
    shop.onHand.set('mug', 5);
    shop.onHand.set('tea', 0);
    const { body } = await merge();
    expect(body.adjusted).toEqual([
      { sku: 'mug', productId: 'p-mug', requested: 7, quantity: 5 },
      { sku: 'tea', productId: 'p-tea', requested: 4, quantity: 0 },
    ]);
    expect(await contents()).toEqual([['mug', 5]]);
    expect([shop.heldBy(people.cartId, 'mug'), shop.heldBy(people.cartId, 'tea')]).toEqual([5, 0]);
  });

  test('keeps what the customer had, even if it can no longer be held', async () => {
    await carts.add(people.ann, 'mug', 3);
    await carts.add(people.gil, 'mug', 1);
    shop.lapse();
    shop.onHand.set('mug', 1);
    expect((await merge()).body.adjusted).toEqual([{ sku: 'mug', productId: 'p-mug', requested: 4, quantity: 3 }]);
    expect(await contents()).toEqual([['mug', 3]]);
  });

  test('needs a session and a customer', async () => {
    expect((await carts.request('POST', '/api/cart/merge', {}, people.ann)).status).toBe(400);
    expect((await carts.request('POST', '/api/cart/merge', {}, people.gil)).status).toBe(401);
  });
});

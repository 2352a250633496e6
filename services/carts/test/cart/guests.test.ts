import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { problem } from '@sidecart/testing/problem';
import { guest } from '../../src/cart/owner.js';
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

const withSession = (session: string) => ({ headers: { 'x-cart-session-id': session } });

describe('a guest', () => {
  test('gets a session in the response, which finds the cart again', async () => {
    const { headers } = await carts.add({}, 'mug', 2);
    const session = headers.get('x-cart-session-id') ?? '';
    expect(session).toMatch(/^[\w-]{16,64}$/);
    expect(await carts.contents(withSession(session))).toEqual([['mug', 2]]);
    expect(await carts.contents({})).toEqual([]);
  });

  test('keeps the session that was sent', async () => {
    await carts.add(people.gil, 'mug', 2);
    expect(await carts.contents(people.gil)).toEqual([['mug', 2]]);
    expect((await carts.add(people.gil, 'mug', 1)).headers.get('x-cart-session-id')).toBe(people.session);
  });

  test("cannot reach a customer's cart by its id", async () => {
    await carts.add(people.ann, 'mug', 2);
    expect(await carts.contents(withSession(people.cartId))).toEqual([]);
    expect(await carts.contents(withSession(people.userId))).toEqual([]);
  });

  test('who is signed in has the cart of the customer', async () => {
    await carts.add(people.gil, 'mug', 1);
    await carts.add({ ...people.ann, ...people.gil }, 'tea', 1);
    expect(await carts.contents(people.ann)).toEqual([['tea', 1]]);
    expect(await carts.contents(people.gil)).toEqual([['mug', 1]]);
  });

  test.each([['short'], ['s'.repeat(65)], ['sixteen letters and a blank']])('is refused with the session %s', async (session) => {
    const answer = await carts.request('GET', '/api/cart', undefined, withSession(session));
    expect(answer).toMatchObject(problem(400, 'validation-failed', { errors: [expect.objectContaining({ field: 'x-cart-session-id' })] }));
  });
});

describe('the holds of guests', () => {
  const { guestAddress } = guest('', '127.0.0.1');

  test('are requested with a hash of their address; those of customers are not', async () => {
    await carts.add(people.gil, 'mug', 2);
    await carts.put(people.gil, 'mug', 1);
    await carts.drop(people.gil, '/items/mug');
    await carts.add(people.ann, 'mug', 2);
    const guests = { cartId: people.guestCartId, sku: 'mug', guestAddress };
    expect(shop.holds).toEqual([
      { ...guests, quantity: 2 },
      { ...guests, quantity: 1 },
      { ...guests, quantity: 0 },
      { cartId: people.cartId, sku: 'mug', quantity: 2 },
    ]);
  });

  test.each([
    ['conflict', 'guest-stock-limit', 409],
    ['limited', 'guest-hold-limit', 429],
  ] as const)('are limited: the %s %s of inventory is answered as %d, and the cart stays as it was', async (kind, slug, status) => {
    shop.guestLimit = { kind, slug, pieces: 3 };
    await carts.add(people.gil, 'mug', 2);
    const lines = [{ sku: 'mug', requested: 4, available: 3 }];
    const refused = await carts.add(people.gil, 'mug', 2);
    expect(refused).toMatchObject(problem(status, slug, { detail: 'Sign in.', lines }));
    expect(refused.headers.get('retry-after')).toBe('60');
    expect(await carts.contents(people.gil)).toEqual([['mug', 2]]);
    expect(shop.heldBy(people.guestCartId, 'mug')).toBe(2);
  });

  test('match the cart after a refusal that was overtaken', async () => {
    shop.guestLimit = { kind: 'limited', slug: 'guest-hold-limit', pieces: 3 };
    shop.meanwhile = () => carts.add(people.gil, 'mug', 1);
    expect(await carts.add(people.gil, 'mug', 3)).toMatchObject(problem(429, 'guest-hold-limit'));
    expect(await carts.contents(people.gil)).toEqual([['mug', 1]]);
    expect(shop.heldBy(people.guestCartId, 'mug')).toBe(1);
    expect(shop.holds.every((hold) => hold.guestAddress === guestAddress)).toBe(true);
  });

  test('are the customer’s after the merge, without a limit', async () => {
    shop.guestLimit = { kind: 'conflict', slug: 'guest-stock-limit', pieces: 2 };
    await carts.add(people.gil, 'mug', 2);
    await carts.add(people.ann, 'mug', 5);
    expect((await carts.merge(people.ann, people.gil)).body).toMatchObject({ count: 7, adjusted: [] });
    expect(shop.heldBy(people.cartId, 'mug')).toBe(7);
    expect((await carts.add(withSession(randomUUID()), 'mug', 2)).status).toBe(200);
  });
});

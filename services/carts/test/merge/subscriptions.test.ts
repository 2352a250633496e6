import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { UserSignedIn } from '@sidecart/contracts/identity';
import { createChangeCarts } from '../../src/cart/change.js';
import { createHold } from '../../src/cart/hold.js';
import { openCarts } from '../../src/cart/store.js';
import { Settings } from '../../src/config.js';
import { mergeCarts } from '../../src/merge/merge.js';
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

const signedIn = (cartSession: string | null = people.session) => ({
  ...UserSignedIn(people.userId, 1, { userId: people.userId, cartSession }),
  id: randomUUID(),
});
const anns = () => carts.contents(people.ann);
const guests = () => carts.contents(people.gil);
const heldOf = (sku: string) => [shop.heldBy(people.cartId, sku), shop.heldBy(people.guestCartId, sku)];

describe('user.signed_in', () => {
  test('merges the cart that the customer brings along; a repeat changes nothing', async () => {
    await carts.add(people.gil, 'mug', 2);
    const event = UserSignedIn(people.userId, 1, { userId: people.userId, cartSession: people.session });
    expect(await carts.deliver(event)).toBe('SUCCESS');
    expect(await carts.deliver(event)).toBe('SUCCESS');
    expect(await anns()).toEqual([['mug', 2]]);
    expect(await guests()).toEqual([]);
  });

  test('delivered again leaves what the guest has put into the cart since', async () => {
    await carts.add(people.gil, 'mug', 2);
    const event = signedIn();
    await carts.deliver(event);
    await carts.add(people.gil, 'tea', 3);
    expect(await carts.deliver(event)).toBe('SUCCESS');
    expect(await anns()).toEqual([['mug', 2]]);
    expect(await guests()).toEqual([['tea', 3]]);
    expect(heldOf('tea')).toEqual([0, 3]);
  });

  test('delivered again is recognized even if there was nothing to merge', async () => {
    const event = signedIn();
    await carts.deliver(event);
    await carts.add(people.gil, 'tea', 3);
    await carts.deliver(event);
    expect(await anns()).toEqual([]);
    expect(await guests()).toEqual([['tea', 3]]);
  });

  test('delivered twice concurrently merges once, even if the guest adds something in between', async () => {
    await carts.add(people.gil, 'mug', 2);
    const event = signedIn();
    shop.meanwhile = async () => {
      await carts.deliver(event);
      await carts.add(people.gil, 'tea', 3);
    };
    expect(await carts.deliver(event)).toBe('SUCCESS');
    expect(await anns()).toEqual([['mug', 2]]);
    expect(await guests()).toEqual([['tea', 3]]);
    expect([heldOf('mug'), heldOf('tea')]).toEqual([
      [2, 0],
      [0, 3],
    ]);
  });

  test('merges after a crash between hold and save', async () => {
    await carts.add(people.gil, 'mug', 2);
    const event = signedIn();
    const saved = openCarts(carts.store, Settings.parse({}));
    const reached = new Promise<void>((resolve) => {
      const dead = new Promise<never>(() => undefined);
      const replace = () => (resolve(), dead);
      const hold = createHold({ hold: shop.hold, stock: shop.stock, minutes: 15, now: () => new Date() });
      const crashing = createChangeCarts({ carts: { ...saved, replace }, hold });
      void mergeCarts(crashing, { session: people.session, userId: people.userId, eventId: event.id });
    });
    await reached;
    expect(shop.heldBy(people.cartId, 'mug')).toBe(2);
    expect(await anns()).toEqual([]);
    expect(await carts.deliver(event)).toBe('SUCCESS');
    expect(await anns()).toEqual([['mug', 2]]);
    expect(heldOf('mug')).toEqual([2, 0]);
  });

  test('changes nothing if there is no session or no cart', async () => {
    expect(await carts.deliver(signedIn(null))).toBe('SUCCESS');
    expect(await carts.deliver(signedIn())).toBe('SUCCESS');
    expect(await anns()).toEqual([]);
  });

  test('is delivered again if inventory does not answer', async () => {
    await carts.add(people.gil, 'mug', 2);
    shop.down = true;
    const event = UserSignedIn(people.userId, 1, { userId: people.userId, cartSession: people.session });
    expect(await carts.deliver(event)).toBe('RETRY');
    shop.down = false;
    expect(await carts.deliver(event)).toBe('SUCCESS');
    expect(await anns()).toEqual([['mug', 2]]);
  });

  test('is dropped if it is malformed', async () => {
    expect(await carts.deliver({ ...signedIn(null), data: { cartSession: 7 } })).toBe('DROP');
  });
});

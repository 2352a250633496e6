import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { found } from '@sidecart/chassis/errors';
import { problem } from '@sidecart/testing/problem';
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

const add = (quantity: number) => carts.add(people.ann, 'mug', quantity);
const contents = () => carts.contents(people.ann);
const held = () => shop.heldBy(people.cartId, 'mug');

describe('many changes of one cart at once', () => {
  test('of which 20 add 1 piece have 20 pieces, and hold 20', async () => {
    shop.unruly = true;
    const answers = await Promise.all(Array.from({ length: 20 }, () => add(1)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(await contents()).toEqual([['mug', 20]]);
    expect(held()).toBe(20);
  });

  test('of which 20 add 1 of 10 pieces have 10 pieces and 10 refusals, and hold 10', async () => {
    shop.unruly = true;
    shop.onHand.set('mug', 10);
    const answers = await Promise.all(Array.from({ length: 20 }, () => add(1)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(10);
    expect(await contents()).toEqual([['mug', 10]]);
    expect(held()).toBe(10);
  });

  test('leave the hold of the saved change if one is overtaken and then refused', async () => {
    shop.onHand.set('mug', 5);
    shop.meanwhile = () => add(1);
    expect(await add(5)).toMatchObject(problem(409, 'out-of-stock', { lines: [{ requested: 6, available: 5 }] }));
    expect(await contents()).toEqual([['mug', 1]]);
    expect(held()).toBe(1);
  });

  test('leave the holds of the saved changes if one is overtaken and has nothing left to do', async () => {
    await carts.add(people.gil, 'mug', 2);
    const merge = () => carts.merge(people.ann, people.gil);
    shop.meanwhile = async () => {
      await merge();
      await carts.drop(people.ann);
    };
    expect((await merge()).body).toMatchObject({ count: 0, adjusted: [] });
    expect(await contents()).toEqual([]);
    expect(held()).toBe(0);
  });

  test('hold exactly what the carts have after adds, sets, removals and merges', async () => {
    shop.unruly = true;
    shop.onHand.set('mug', 12);
    const { ann, gil, cartId, guestCartId } = people;
    const one = <T>(of: readonly T[]): T => found(of[Math.floor(Math.random() * of.length)], 'One of none');
    for (let round = 0; round < 20; round++) {
      const changes = Array.from({ length: 12 }, () => {
        const [ask, sku, quantity] = [one([ann, gil]), one(['mug', 'tea']), one([1, 2, 5])];
        return one([
          () => carts.add(ask, sku, quantity),
          () => carts.add(ask, sku, quantity),
          () => carts.put(ask, sku, quantity),
          () => carts.drop(ask, `/items/${sku}`),
          () => carts.drop(ask),
          () => carts.merge(ann, gil),
        ])();
      });
      for (const { status } of await Promise.all(changes)) expect([200, 409]).toContain(status);
      for (const [id, ask] of [
        [cartId, ann],
        [guestCartId, gil],
      ] as const) {
        const has = new Map(await carts.contents(ask));
        expect([shop.heldBy(id, 'mug'), shop.heldBy(id, 'tea')]).toEqual([has.get('mug') ?? 0, has.get('tea') ?? 0]);
      }
    }
  }, 60_000);
});

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

describe('concurrent changes of one cart', () => {
  test('that add 1 piece each, 20 times, end with 20 pieces and hold 20', async () => {
    shop.unruly = true;
    const answers = await Promise.all(Array.from({ length: 20 }, () => add(1)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(await contents()).toEqual([['mug', 20]]);
    expect(held()).toBe(20);
  });

  test('that add 1 of 10 pieces each, 20 times, end with 10 pieces and 10 refusals and hold 10', async () => {
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

  test.each([
    ['exactly what the carts have', 'plenty of stock', 1_000],
    // One cart can take what an overtaken change of the other has let go for a moment.
    ['no more than the carts have', 'little stock', 12],
  ])(
    'hold %s after adds, sets, removals and merges with %s',
    async (_what, _stock, onHand) => {
      shop.unruly = true;
      shop.onHand.set('mug', onHand);
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
          const [mugs, teas] = [shop.heldBy(id, 'mug'), shop.heldBy(id, 'tea')];
          if (onHand === 12) expect(mugs).toBeLessThanOrEqual(has.get('mug') ?? 0);
          else expect(mugs).toBe(has.get('mug') ?? 0);
          expect(teas).toBe(has.get('tea') ?? 0);
        }
        expect(shop.heldBy(cartId, 'mug') + shop.heldBy(guestCartId, 'mug')).toBeLessThanOrEqual(onHand);
      }
    },
    60_000,
  );
});

import { describe, expect, test } from '@jest/globals';
import { changed, type Item } from '../../src/cart/cart.js';
import { customer, guest } from '../../src/cart/owner.js';
import { leftOut, mergeTargets } from '../../src/merge/merge.js';
import { aCart, anItem, FULL, MOMENT } from '../builders.js';

const anns = (...items: Item[]) => aCart(customer('ann'), ...items);
const guests = (...items: Item[]) => aCart(guest('a-session-of-a-guest'), ...items);

describe('a merge', () => {
  test("releases each of the guest's items, then holds it for the customer's cart", () => {
    const targets = mergeTargets(guests(anItem('mug', 2), anItem('tea', 1)), anns(anItem('tea', 3)));
    expect(targets).toEqual([
      { ...anItem('mug', 0), cartId: guests().cartId },
      { ...anItem('mug', 2), cartId: 'u-ann', least: 0 },
      { ...anItem('tea', 0), cartId: guests().cartId },
      { ...anItem('tea', 4), cartId: 'u-ann', least: 3 },
    ]);
  });

  test('fills the cart up to 50 lines and 999 pieces, and names the rest', () => {
    const before = [guests(anItem('mug', 1), anItem('tea', 1), anItem('p7', 999)), anns(...FULL.slice(1))] as const;
    const targets = mergeTargets(...before).filter(({ cartId }) => cartId === 'u-ann');
    expect(targets.map(({ sku, quantity }) => [sku, quantity])).toEqual([
      ['mug', 1],
      ['tea', 0],
      ['p7', 999],
    ]);
    expect(leftOut(...before, changed(before[1], targets, MOMENT))).toEqual([
      { ...anItem('tea', 0), requested: 1 },
      { ...anItem('p7', 999), requested: 1000 },
    ]);
  });

  test('of an empty cart has no targets', () => {
    expect(mergeTargets(guests(), anns(anItem('mug', 1)))).toEqual([]);
  });
});

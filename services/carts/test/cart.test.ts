import { describe, expect, test } from '@jest/globals';
import { changed, checkedOut, emptyCart, leftOut, want, wantMerged, type Cart, type Item } from '../src/cart.js';
import { customer, guest } from '../src/owner.js';

const item = (sku: string, quantity: number): Item => ({ sku, productId: `p-${sku}`, quantity });
const aCart = (owner: { cartId: string; userId: string | null }, ...items: Item[]): Cart => ({
  ...emptyCart(owner, 'checkout-1'),
  items,
  version: 3,
});
const anns = (...items: Item[]) => aCart(customer('ann'), ...items);
const guests = (...items: Item[]) => aCart(guest('a-session-of-a-guest'), ...items);
const full = Array.from({ length: 50 }, (_, n) => item(`p${n}`, 1));
const moment = { at: new Date('2026-05-04T12:00:00.000Z'), fresh: 'checkout-2' };

describe('the id of a cart', () => {
  test("of a guest cannot be a customer's, whatever the session", () => {
    for (const session of ['u-ann', 'ann', 'u-ann-and-sixteen-more']) expect(guest(session).cartId).toMatch(/^g-[\w-]{43}$/);
    expect(customer('ann')).toEqual({ cartId: 'u-ann', userId: 'ann' });
  });

  test('does not tell the session, and fits everywhere', () => {
    const session = 's'.repeat(64);
    expect(guest(session).cartId).not.toContain(session.slice(0, 8));
    expect(guest(session).cartId.length).toBeLessThanOrEqual(64);
  });
});

describe('what a cart may want', () => {
  test.each([
    ['999 of a SKU', anns(), item('mug', 999)],
    ['more of one of its 50 lines', anns(...full), item('p7', 2)],
    ['none of a SKU that it does not have, though it is full', anns(...full), item('mug', 0)],
    ['a 50th line', anns(...full.slice(1)), item('mug', 1)],
  ])('is %s', (_name, cart, wanted) => {
    expect(want(cart, wanted)).toEqual({ ...wanted, cartId: 'u-ann' });
  });

  test.each([
    ['1000 of a SKU', anns(), item('mug', 1000), 'quantity-too-large'],
    ['a 51st line', anns(...full), item('mug', 1), 'cart-full'],
  ])('is not %s', (_name, cart, wanted, slug) => {
    expect(() => want(cart, wanted)).toThrow(expect.objectContaining({ kind: 'conflict', slug }));
  });
});

describe('a changed cart', () => {
  test('keeps the order of its items, changes those that are named, and adds new ones at the end', () => {
    const cart = changed(anns(item('mug', 1), item('tea', 2)), [item('hat', 1), item('mug', 5)], moment);
    expect(cart).toEqual({
      ...anns(item('mug', 5), item('tea', 2), item('hat', 1)),
      version: 4,
      updatedAt: '2026-05-04T12:00:00.000Z',
    });
  });

  test('that has something keeps its checkout id; one that has nothing gets a fresh one', () => {
    const cart = anns(item('mug', 1), item('tea', 2));
    expect(changed(cart, [item('mug', 0)], moment)).toMatchObject({ items: [item('tea', 2)], checkoutId: 'checkout-1' });
    expect(changed(cart, [item('mug', 0), item('tea', 0)], moment)).toMatchObject({ items: [], checkoutId: 'checkout-2' });
  });
});

describe('a merge', () => {
  test("gives back each of the guest's items, then wants it in the customer's cart", () => {
    const wants = wantMerged(guests(item('mug', 2), item('tea', 1)), anns(item('tea', 3)));
    expect(wants).toEqual([
      { ...item('mug', 0), cartId: guests().cartId },
      { ...item('mug', 2), cartId: 'u-ann', least: 0 },
      { ...item('tea', 0), cartId: guests().cartId },
      { ...item('tea', 4), cartId: 'u-ann', least: 3 },
    ]);
  });

  test('fills the cart up to 50 lines and 999 pieces, and names the rest', () => {
    const before = [guests(item('mug', 1), item('tea', 1), item('p7', 999)), anns(...full.slice(1))] as const;
    const wants = wantMerged(...before).filter(({ cartId }) => cartId === 'u-ann');
    expect(wants.map(({ sku, quantity }) => [sku, quantity])).toEqual([
      ['mug', 1],
      ['tea', 0],
      ['p7', 999],
    ]);
    expect(leftOut(...before, changed(before[1], wants, moment))).toEqual([
      { ...item('tea', 0), requested: 1 },
      { ...item('p7', 999), requested: 1000 },
    ]);
  });

  test('of a guest without items wants nothing', () => {
    expect(wantMerged(guests(), anns(item('mug', 1)))).toEqual([]);
  });
});

describe('a cart that became an order', () => {
  test.each([
    ['all of it is gone', [item('mug', 2), item('tea', 1)], []],
    ['what was added since stays', [item('mug', 1)], [item('mug', 1), item('tea', 1)]],
    ['what is not in it any more is no matter', [item('mug', 5), item('hat', 1)], [item('tea', 1)]],
    ['lines of the same SKU count together', [item('mug', 1), item('mug', 1)], [item('tea', 1)]],
  ])('%s, and the checkout id is fresh', (_name, lines, left) => {
    const cart = checkedOut(anns(item('mug', 2), item('tea', 1)), lines, moment);
    expect(cart).toMatchObject({ items: left, checkoutId: 'checkout-2', version: 4 });
  });
});

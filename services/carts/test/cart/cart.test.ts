import { describe, expect, test } from '@jest/globals';
import { changed, checkedOut, target } from '../../src/cart/cart.js';
import { customer, guest } from '../../src/cart/owner.js';
import { aCart, anItem, FULL, MOMENT } from '../builders.js';

const anns = (...items: ReturnType<typeof anItem>[]) => aCart(customer('ann'), ...items);

describe('the id of a cart', () => {
  test("of a guest is never a customer's, whatever the session", () => {
    for (const session of ['u-ann', 'ann', 'u-ann-and-sixteen-more']) expect(guest(session).cartId).toMatch(/^g-[\w-]{43}$/);
    expect(customer('ann')).toEqual({ cartId: 'u-ann', userId: 'ann' });
  });

  test('does not reveal the session, and fits everywhere', () => {
    const session = 's'.repeat(64);
    expect(guest(session).cartId).not.toContain(session.slice(0, 8));
    expect(guest(session).cartId.length).toBeLessThanOrEqual(64);
  });
});

describe('the target of a line', () => {
  test.each([
    ['999 of a SKU', anns(), anItem('mug', 999)],
    ['more of one of its 50 lines', anns(...FULL), anItem('p7', 2)],
    ['0 of a SKU that a full cart does not have', anns(...FULL), anItem('mug', 0)],
    ['a 50th line', anns(...FULL.slice(1)), anItem('mug', 1)],
  ])('may be %s', (_name, cart, item) => {
    expect(target(cart, item)).toEqual({ ...item, cartId: 'u-ann' });
  });

  test.each([
    ['1000 of a SKU', anns(), anItem('mug', 1000), 'quantity-too-large'],
    ['a 51st line', anns(...FULL), anItem('mug', 1), 'cart-full'],
  ])('may not be %s', (_name, cart, item, slug) => {
    expect(() => target(cart, item)).toThrow(expect.objectContaining({ kind: 'conflict', slug }));
  });
});

describe('a changed cart', () => {
  test('keeps the order of its lines, with new lines at the end', () => {
    const cart = changed(anns(anItem('mug', 1), anItem('tea', 2)), [anItem('hat', 1), anItem('mug', 5)], MOMENT);
    expect(cart).toEqual({
      ...anns(anItem('mug', 5), anItem('tea', 2), anItem('hat', 1)),
      version: 4,
      updatedAt: '2026-05-04T12:00:00.000Z',
    });
  });

  test('keeps its checkout id unless it is emptied', () => {
    const cart = anns(anItem('mug', 1), anItem('tea', 2));
    expect(changed(cart, [anItem('mug', 0)], MOMENT)).toMatchObject({ items: [anItem('tea', 2)], checkoutId: 'checkout-1' });
    expect(changed(cart, [anItem('mug', 0), anItem('tea', 0)], MOMENT)).toMatchObject({ items: [], checkoutId: 'checkout-2' });
  });
});

describe('a cart that became an order', () => {
  test.each([
    ['loses everything that was ordered', [anItem('mug', 2), anItem('tea', 1)], []],
    ['keeps what was added since', [anItem('mug', 1)], [anItem('mug', 1), anItem('tea', 1)]],
    ['ignores what it no longer has', [anItem('mug', 5), anItem('hat', 1)], [anItem('tea', 1)]],
    ['counts lines of the same SKU together', [anItem('mug', 1), anItem('mug', 1)], [anItem('tea', 1)]],
  ])('%s, and gets a new checkout id', (_name, lines, left) => {
    const cart = checkedOut(anns(anItem('mug', 2), anItem('tea', 1)), lines, MOMENT);
    expect(cart).toMatchObject({ items: left, checkoutId: 'checkout-2', version: 4 });
  });
});

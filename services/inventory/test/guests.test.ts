import { describe, expect, test } from '@jest/globals';
import { checkShare, recountAddress } from '../src/guests.js';
import { guestHeld, held, hold, release, type Stock } from '../src/stock.js';
import { after, aStock, MINUTE, NOON } from './builders.js';

const tea = (quantity: number, { minute = MINUTE + 15, guestAddress = 'home' } = {}) => ({ sku: 'TEA', quantity, minute, guestAddress });

describe('the stock', () => {
  test('counts what guests hold as part of what is held', () => {
    const stock = hold(hold(aStock(), { quantity: 3, minute: MINUTE + 15 }, NOON), tea(2), NOON);
    expect([held(stock, NOON), guestHeld(stock, NOON)]).toEqual([5, 2]);
    const back = release(stock, tea(2), NOON);
    expect([held(back, NOON), guestHeld(back, NOON)]).toEqual([3, 0]);
    expect([held(stock, after(16 * 60)), guestHeld(stock, after(16 * 60))]).toEqual([0, 0]);
  });

  test('of version 0.1 has no guests', () => {
    const { guestHeld: _none, ...stored } = hold(aStock(), { quantity: 3, minute: MINUTE + 15 }, NOON);
    const stock: Stock = stored;
    expect(guestHeld(stock, NOON)).toBe(0);
    expect(release(stock, { quantity: 3, minute: MINUTE + 15 }, NOON)).toMatchObject({ held: {}, guestHeld: {} });
  });
});

describe('the share of guests', () => {
  /** Adds a line to what guests hold beside it, and checks the share. */
  const check = (onHand: number, others: number, line: ReturnType<typeof tea>, before?: ReturnType<typeof tea>, now = NOON) =>
    checkShare(hold(hold(aStock({ onHand }), tea(others), now), line, now), before, line, 50, now);

  test.each([
    ['half of what is on hand', 10, 0, 5],
    ['what other guests leave of it', 10, 3, 2],
    ['half, rounded down', 9, 0, 4],
    ['the only piece', 1, 0, 1],
    ['one of two or three', 3, 0, 1],
  ])('is %s', (_name, onHand, others, room) => {
    expect(() => check(onHand, others, tea(room))).not.toThrow();
    expect(() => check(onHand, others, tea(room + 1))).toThrow(
      expect.objectContaining({
        kind: 'conflict',
        slug: 'guest-stock-limit',
        message: 'That is more of TEA than guest carts can hold right now. Sign in to add it, or try again later.',
        extras: { lines: [{ sku: 'TEA', requested: room + 1, available: room }] },
      }),
    );
  });

  test('does not limit a customer', () => {
    const line = { sku: 'TEA', quantity: 5, minute: MINUTE + 15 };
    expect(() => checkShare(hold(hold(aStock(), tea(5), NOON), line, NOON), undefined, line, 50, NOON)).not.toThrow();
  });

  test('never refuses to keep or lower a hold, even if the share has shrunk', () => {
    for (const quantity of [0, 3, 4]) expect(() => check(4, 0, tea(quantity), tea(4))).not.toThrow();
    expect(() => check(4, 0, tea(5), tea(4))).toThrow(
      expect.objectContaining({ extras: { lines: [expect.objectContaining({ available: 4 })] } }),
    );
    expect(() => check(4, 0, tea(4, { minute: MINUTE + 40 }), tea(4), after(20 * 60))).toThrow();
  });
});

describe('one client address', () => {
  const limit = 10;
  const recounted = (counts: object, line: ReturnType<typeof tea>, before?: ReturnType<typeof tea>, now = NOON) =>
    recountAddress({ ...counts }, 'home', before, line, limit, now);

  test('holds pieces up to its limit', () => {
    expect(recounted({ [MINUTE + 3]: 6 }, tea(4))).toEqual({ [MINUTE + 3]: 6, [MINUTE + 15]: 4 });
    expect(() => recounted({ [MINUTE + 3]: 6 }, tea(5))).toThrow(
      expect.objectContaining({
        kind: 'limited',
        slug: 'guest-hold-limit',
        message: 'Guest carts at your network address can hold at most 10 pieces together. Sign in to add more, or try again later.',
        extras: { lines: [{ sku: 'TEA', requested: 5, available: 4 }], retryAfter: 150 },
      }),
    );
  });

  test('can retry once the first of its holds has lapsed', () => {
    expect(() => recounted({}, tea(11))).toThrow(expect.objectContaining({ extras: expect.objectContaining({ retryAfter: 60 }) }));
    expect(() => recounted({ [MINUTE + 9]: 1, [MINUTE + 2]: 9 }, tea(1))).toThrow(
      expect.objectContaining({ extras: expect.objectContaining({ retryAfter: 90 }) }),
    );
  });

  test('counts a changed hold once, and a lapsed hold never', () => {
    expect(recounted({ [MINUTE + 3]: 6 }, tea(10), tea(6, { minute: MINUTE + 3 }))).toEqual({ [MINUTE + 15]: 10 });
    expect(recounted({ [MINUTE + 3]: 6 }, tea(10, { minute: MINUTE + 20 }), undefined, after(4 * 60))).toEqual({ [MINUTE + 20]: 10 });
  });

  test('can keep or lower a hold above a limit that has shrunk', () => {
    const before = tea(12, { minute: MINUTE + 3 });
    for (const quantity of [0, 11, 12]) expect(() => recounted({ [MINUTE + 3]: 12 }, tea(quantity), before)).not.toThrow();
    expect(() => recounted({ [MINUTE + 3]: 12 }, tea(13), before)).toThrow();
  });

  test('no longer counts what moves to another address or to a customer', () => {
    const before = tea(6);
    expect(recounted({ [MINUTE + 15]: 6 }, tea(6, { guestAddress: 'work' }), before)).toEqual({});
    expect(recountAddress({ [MINUTE + 15]: 6 }, 'home', before, { sku: 'TEA', quantity: 0, minute: 0 }, limit, NOON)).toEqual({});
  });

  test('cannot take over the hold of another address above its limit', () => {
    expect(() => recounted({ [MINUTE + 3]: 6 }, tea(6), tea(6, { guestAddress: 'work' }))).toThrow(
      expect.objectContaining({ slug: 'guest-hold-limit' }),
    );
  });
});

import { describe, expect, test } from '@jest/globals';
import { addressRoom, recountAddress, shareRoom } from '../../src/holds/guests.js';
import { guestHeld, held, hold, release } from '../../src/stock/stock.js';
import { aHold, after, aStock, MINUTE, NOON } from '../builders.js';

const tea = (quantity: number, { minute = MINUTE + 15, guestAddress = 'home' } = {}) => ({ ...aHold(quantity, minute), guestAddress });

test('the stock counts what guests hold as part of what is held', () => {
  const stock = hold(hold(aStock(), aHold(3), NOON), tea(2), NOON);
  expect([held(stock, NOON), guestHeld(stock, NOON)]).toEqual([5, 2]);
  const back = release(stock, tea(2), NOON);
  expect([held(back, NOON), guestHeld(back, NOON)]).toEqual([3, 0]);
  expect([held(stock, after(16 * 60)), guestHeld(stock, after(16 * 60))]).toEqual([0, 0]);
});

describe('the share of guests', () => {
  /** The room beside what other guests hold. */
  const room = (onHand: number, others: number, before?: ReturnType<typeof tea>, now = NOON) =>
    shareRoom(hold(aStock({ onHand }), tea(others), now), before, 50, now);

  test.each([
    ['half of what is on hand', 10, 0, 5],
    ['what other guests leave of it', 10, 3, 2],
    ['half, rounded down', 9, 0, 4],
    ['the only piece', 1, 0, 1],
    ['one of two or three', 3, 0, 1],
    ['nothing once others have it all', 10, 6, 0],
  ])('is %s', (_name, onHand, others, pieces) => {
    expect(room(onHand, others).pieces).toBe(pieces);
  });

  test('is refused with the line', () => {
    const lines = [{ sku: 'TEA', requested: 6, available: 5 }];
    expect(room(10, 0).refusal(lines)).toMatchObject({
      kind: 'conflict',
      slug: 'guest-stock-limit',
      message: 'That is more of TEA than guest carts can hold right now. Sign in to add it, or try again later.',
      extras: { lines },
    });
  });

  test('never shrinks below what the line holds, unless that has lapsed', () => {
    expect(room(4, 0, tea(4)).pieces).toBe(4);
    expect(room(4, 0, tea(4), after(20 * 60)).pieces).toBe(2);
  });
});

describe('one client address', () => {
  const room = (counts: object, before?: ReturnType<typeof tea>, now = NOON) => addressRoom({ ...counts }, 'home', before, 10, now);
  const recounted = (counts: object, line: ReturnType<typeof tea>, before?: ReturnType<typeof tea>, now = NOON) =>
    recountAddress({ ...counts }, 'home', before, line, now);

  test('has room up to its limit', () => {
    expect(room({ [MINUTE + 3]: 6 }).pieces).toBe(4);
    expect(recounted({ [MINUTE + 3]: 6 }, tea(4))).toEqual({ [MINUTE + 3]: 6, [MINUTE + 15]: 4 });
  });

  test('can retry once the first of its holds has lapsed', () => {
    const lines = [{ sku: 'TEA', requested: 5, available: 4 }];
    expect(room({ [MINUTE + 9]: 1, [MINUTE + 3]: 6 }).refusal(lines)).toMatchObject({
      kind: 'limited',
      slug: 'guest-hold-limit',
      message: 'Guest carts at your network address can hold at most 10 pieces together. Sign in to add more, or try again later.',
      extras: { lines, retryAfter: 150 },
    });
    expect(room({}).refusal(lines).extras.retryAfter).toBe(60);
  });

  test('counts a changed hold once, and a lapsed hold never', () => {
    const before = tea(6, { minute: MINUTE + 3 });
    expect(room({ [MINUTE + 3]: 6 }, before).pieces).toBe(10);
    expect(recounted({ [MINUTE + 3]: 6 }, tea(10), before)).toEqual({ [MINUTE + 15]: 10 });
    expect(recounted({ [MINUTE + 3]: 6 }, tea(10, { minute: MINUTE + 20 }), undefined, after(4 * 60))).toEqual({ [MINUTE + 20]: 10 });
  });

  test('can keep a hold above a limit that has shrunk', () => {
    expect(room({ [MINUTE + 3]: 12 }, tea(12, { minute: MINUTE + 3 })).pieces).toBe(12);
  });

  test('no longer counts what moves to another address or to a customer', () => {
    const before = tea(6);
    expect(recounted({ [MINUTE + 15]: 6 }, tea(6, { guestAddress: 'work' }), before)).toEqual({});
    expect(recountAddress({ [MINUTE + 15]: 6 }, 'home', before, aHold(0, 0), NOON)).toEqual({});
  });

  test('cannot take over the hold of another address above its limit', () => {
    expect(room({ [MINUTE + 3]: 6 }, tea(6, { guestAddress: 'work' })).pieces).toBe(4);
  });
});

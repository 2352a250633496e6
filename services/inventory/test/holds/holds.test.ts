import { describe, expect, test } from '@jest/globals';
import { NO_HOLDS, type Holds } from '../../src/holds/holds.js';
import { setHold, type HoldChange, type Wish } from '../../src/holds/set-hold.js';
import { hold, promise, type Stock } from '../../src/stock/stock.js';
import { aHold, after, aStock, MINUTE, NOON, numbersOf, pieces } from '../builders.js';

const LIMITS = { percent: 50, pieces: 20 };
const tea = (quantity: number, minute = MINUTE + 15): Wish => ({ cartId: 'cart-1', sku: 'TEA', quantity, minute });
const set = (holds: Holds, stock: Stock | undefined, wish: Wish, now = NOON): HoldChange =>
  setHold(LIMITS, { holds, stock, countsOf: () => ({}) }, wish, now);

const held4: Holds = { lines: [aHold(4)], version: 1 };
const stock4 = hold(aStock(), aHold(4), NOON);
const types = ({ events }: HoldChange) => events.map(({ type }) => type);

describe('the hold of a cart', () => {
  test.each([
    ['its first pieces', NO_HOLDS, aStock(), tea(3), { [MINUTE + 15]: 3 }],
    ['more', held4, stock4, tea(10, MINUTE + 16), { [MINUTE + 16]: 10 }],
    ['less', held4, stock4, tea(1, MINUTE + 16), { [MINUTE + 16]: 1 }],
    ['as much again, for longer', held4, stock4, tea(4, MINUTE + 20), { [MINUTE + 20]: 4 }],
  ])('is set to %s, and says so', (_name, holds, stock, wish, counts) => {
    const done = set(holds, stock, wish);
    expect(done.holds.lines).toEqual([aHold(wish.quantity, wish.minute)]);
    expect(numbersOf(done.stock)?.held).toEqual(counts);
    expect(done.events).toEqual([
      expect.objectContaining({
        type: 'inventory.held',
        subject: 'cart-1',
        data: expect.objectContaining({ sku: 'TEA', quantity: wish.quantity }),
      }),
    ]);
  });

  test('of 0 pieces is released, and says so', () => {
    const done = set(held4, stock4, tea(0, 0));
    expect(done.holds.lines).toEqual([]);
    expect(numbersOf(done.stock)?.held).toEqual({});
    expect(done.events).toEqual([
      expect.objectContaining({ type: 'inventory.hold_released', data: { cartId: 'cart-1', sku: 'TEA', quantity: 4 } }),
    ]);
  });

  test.each([
    ['without stock', undefined],
    ['that it does not hold', aStock()],
  ])('of 0 pieces of a SKU %s changes nothing', (_name, stock) => {
    expect(set(NO_HOLDS, stock, tea(0, 0))).toEqual({ holds: NO_HOLDS, addresses: new Map(), events: [] });
  });

  test.each([
    ['more than is available', NO_HOLDS, aStock(), tea(11), 10],
    ['more than is available with its own pieces', held4, stock4, tea(11), 10],
    ['a SKU without stock', NO_HOLDS, undefined, tea(1), 0],
    ['what others hold', NO_HOLDS, stock4, tea(7), 6],
  ])('of %s is refused with what is available', (_name, holds, stock, wish, left) => {
    const lines = [{ sku: 'TEA', requested: wish.quantity, available: left }];
    expect(() => set(holds, stock, wish)).toThrow(expect.objectContaining({ kind: 'conflict', slug: 'out-of-stock', extras: { lines } }));
  });

  test('that has lapsed does not count: others may hold its pieces', () => {
    const others = hold(stock4, aHold(8, MINUTE + 40), after(20 * 60));
    expect(() => set(held4, others, tea(4, MINUTE + 50), after(20 * 60))).toThrow(
      expect.objectContaining({ extras: { lines: [{ sku: 'TEA', requested: 4, available: 2 }] } }),
    );
  });

  test('on one SKU drops the lapsed hold on another, and says so once', () => {
    const holds = { lines: [aHold(1, MINUTE + 1, 'CUP')], version: 1 };
    const done = set(holds, aStock(), tea(1), after(60));
    expect(done.holds.lines).toEqual([aHold(1)]);
    expect(types(done)).toEqual(['inventory.hold_lapsed', 'inventory.held']);
    expect(done.events[0]?.data).toEqual({ cartId: 'cart-1', lines: [{ sku: 'CUP', quantity: 1 }] });
    expect(types(set(done.holds, done.stock, tea(2), after(60)))).toEqual(['inventory.held']);
  });

  test('is refused on more than 100 SKUs', () => {
    const lines = Array.from({ length: 100 }, (_, n) => aHold(1, MINUTE + 15, `S${n}`));
    expect(() => set({ lines, version: 1 }, aStock(), tea(1))).toThrow(expect.objectContaining({ slug: 'too-many-holds' }));
  });
});

describe('the hold on a SKU that can be backordered', () => {
  const backorder = { kind: 'backorder', limit: 5 } as const;

  test.each([
    ['what is on hand', 2, 2],
    ['what is on hand, if it wants more', 6, 3],
  ])('covers %s', (_name, quantity, covered) => {
    expect(set(NO_HOLDS, aStock({ onHand: 3, backorder }), tea(quantity)).holds.lines).toEqual([aHold(covered)]);
  });

  test('covers nothing if nothing is on hand, and holds nothing', () => {
    const done = set(NO_HOLDS, aStock({ onHand: 0, backorder }), tea(2));
    expect(done.holds.lines).toEqual([]);
    expect(done.events).toEqual([]);
  });

  test('is refused above what can be ordered', () => {
    expect(() => set(NO_HOLDS, aStock({ onHand: 3, backorder }), tea(9))).toThrow(
      expect.objectContaining({ slug: 'out-of-stock', extras: { lines: [{ sku: 'TEA', requested: 9, available: 8 }] } }),
    );
  });

  test('keeps its pieces though orders wait for more', () => {
    const stock = promise(hold(aStock({ onHand: 4, backorder }), aHold(4), NOON), 3, MINUTE + 15, NOON);
    expect(set(held4, stock, tea(4, MINUTE + 20)).holds.lines).toEqual([aHold(4, MINUTE + 20)]);
  });

  test('covers as many pieces of a guest as guests may hold', () => {
    const guest = { ...tea(6), guestAddress: 'home' };
    const done = set(NO_HOLDS, aStock({ onHand: 8, backorder }), guest);
    expect(done.holds.lines).toEqual([expect.objectContaining({ from: pieces(4), guestAddress: 'home' })]);
  });
});

import { describe, expect, test } from '@jest/globals';
import { NO_HOLDS, setHold, type Holds } from '../src/holds.js';
import { minuteOf } from '../src/minutes.js';
import { adjust, availability, available, handOver, held, hold, move, release, setThreshold } from '../src/stock.js';
import { after, aStock, MINUTE, NOON, until } from './builders.js';

describe('a hold', () => {
  test.each([
    ['in the middle of a minute, to its end', '2026-05-04T12:15:30.000Z', MINUTE + 16],
    ['a moment into a minute, to its end', '2026-05-04T12:15:00.001Z', MINUTE + 16],
    ['at the end of a minute, then', '2026-05-04T12:15:00.000Z', MINUTE + 15],
    ['24 hours ahead', until(24 * 60 * 60), MINUTE + 24 * 60 + 1],
  ])('until %s', (_name, at, minute) => {
    expect(minuteOf(at, NOON)).toBe(minute);
  });

  test.each([
    ['now', until(0)],
    ['the past', until(-1)],
    ['more than 24 hours ahead', until(24 * 60 * 60 + 1)],
  ])('until %s is refused', (_name, at) => {
    expect(() => minuteOf(at, NOON)).toThrow(expect.objectContaining({ kind: 'invalid', slug: 'until-out-of-range' }));
  });

  test('counts until its minute begins', () => {
    const stock = hold(aStock(), { quantity: 3, minute: MINUTE + 2 }, NOON);
    expect(available(stock, after(89))).toBe(7);
    expect(available(stock, after(90))).toBe(10);
  });

  test('shares a count with all others that lapse in the same minute', () => {
    let stock = aStock({ onHand: 1000 });
    for (let n = 0; n < 500; n++) stock = hold(stock, { quantity: 1, minute: MINUTE + 2 }, NOON);
    expect(stock.held).toEqual({ [MINUTE + 2]: 500 });
  });

  test('that is released leaves nothing', () => {
    const stock = release(hold(aStock(), { quantity: 3, minute: MINUTE + 2 }, NOON), { quantity: 3, minute: MINUTE + 2 }, NOON);
    expect(stock.held).toEqual({});
    expect(available(stock, NOON)).toBe(10);
  });

  test('that has lapsed is dropped by the next change, and cannot be released', () => {
    const lapsed = hold(aStock(), { quantity: 3, minute: MINUTE + 1 }, NOON);
    const later = hold(lapsed, { quantity: 2, minute: MINUTE + 9 }, after(60));
    expect(later.held).toEqual({ [MINUTE + 9]: 2 });
    expect(held(release(later, { quantity: 3, minute: MINUTE + 1 }, after(60)), after(60))).toBe(2);
  });
});

describe('the hold of a cart', () => {
  const tea = (quantity: number, minute = MINUTE + 15) => ({ sku: 'TEA', quantity, minute });
  const held4: Holds = { lines: [tea(4)] };
  const stock4 = hold(aStock(), { quantity: 4, minute: MINUTE + 15 }, NOON);

  test.each([
    ['its first pieces', NO_HOLDS, aStock(), tea(3), { [MINUTE + 15]: 3 }],
    ['more', held4, stock4, tea(10, MINUTE + 16), { [MINUTE + 16]: 10 }],
    ['less', held4, stock4, tea(1, MINUTE + 16), { [MINUTE + 16]: 1 }],
    ['as much again, for longer', held4, stock4, tea(4, MINUTE + 20), { [MINUTE + 20]: 4 }],
  ])('is set to %s', (_name, holds, stock, line, counts) => {
    const set = setHold(holds, stock, line, NOON);
    expect(set.holds).toEqual({ lines: [line] });
    expect(set.stock?.held).toEqual(counts);
  });

  test('of 0 pieces is released', () => {
    expect(setHold(held4, stock4, tea(0, 0), NOON)).toEqual({ holds: NO_HOLDS, stock: expect.objectContaining({ held: {} }) });
  });

  test.each([
    ['without stock', undefined],
    ['that it does not hold', aStock()],
  ])('of 0 pieces of a SKU %s changes nothing', (_name, stock) => {
    expect(setHold(NO_HOLDS, stock, tea(0, 0), NOON)).toEqual({ holds: NO_HOLDS });
  });

  test.each([
    ['more than is available', NO_HOLDS, aStock(), tea(11), 10],
    ['more than is available with its own pieces', held4, stock4, tea(11), 10],
    ['a SKU without stock', NO_HOLDS, undefined, tea(1), 0],
    ['what others hold', NO_HOLDS, stock4, tea(7), 6],
  ])('of %s is refused with what is available', (_name, holds, stock, line, left) => {
    const lines = [{ sku: 'TEA', requested: line.quantity, available: left }];
    expect(() => setHold(holds, stock, line, NOON)).toThrow(
      expect.objectContaining({ kind: 'conflict', slug: 'out-of-stock', extras: { lines } }),
    );
  });

  test('that has lapsed does not count: others may hold its pieces', () => {
    const others = hold(stock4, { quantity: 8, minute: MINUTE + 40 }, after(20 * 60));
    const again = () => setHold(held4, others, tea(4, MINUTE + 50), after(20 * 60));
    expect(again).toThrow(expect.objectContaining({ extras: { lines: [{ sku: 'TEA', requested: 4, available: 2 }] } }));
  });

  test('on one SKU drops the lapsed hold on another', () => {
    const holds = { lines: [{ sku: 'CUP', quantity: 1, minute: MINUTE + 1 }] };
    expect(setHold(holds, aStock(), tea(1), after(60)).holds).toEqual({ lines: [tea(1)] });
  });

  test('is refused on more than 100 SKUs', () => {
    const lines = Array.from({ length: 100 }, (_, n) => ({ sku: `S${n}`, quantity: 1, minute: MINUTE + 15 }));
    expect(() => setHold({ lines }, aStock(), tea(1), NOON)).toThrow(expect.objectContaining({ slug: 'too-many-holds' }));
  });
});

describe('availability', () => {
  test.each([
    [0, 5, 'out_of_stock'],
    [1, 5, 'low_stock'],
    [5, 5, 'low_stock'],
    [6, 5, 'in_stock'],
    [1, 0, 'in_stock'],
    [0, 0, 'out_of_stock'],
  ])('of %d pieces with a threshold of %d is %s', (onHand, threshold, expected) => {
    expect(availability(aStock({ onHand, threshold }))).toBe(expected);
  });

  test('does not change with a hold', () => {
    expect(availability(hold(aStock(), { quantity: 10, minute: MINUTE + 15 }, NOON))).toBe('in_stock');
  });
});

describe('a movement', () => {
  const types = (events: readonly { type: string }[]) => events.map(({ type }) => type);
  const out = (quantity: number) => ({ type: 'out' as const, quantity, reason: 'broken', by: 'ann' });

  test('is the next entry of the ledger, with its balance', () => {
    const { stock, movement } = adjust(aStock(), out(3), NOON);
    expect(stock).toMatchObject({ onHand: 7, seq: 2 });
    expect(movement).toEqual({
      seq: 2,
      sku: 'TEA',
      type: 'out',
      quantity: -3,
      balance: 7,
      reference: null,
      reason: 'broken',
      at: NOON.toISOString(),
      by: 'ann',
    });
  });

  test.each([
    ['into an empty stock', 0, 'in', 20, ['inventory.availability_changed']],
    ['of a few into an empty stock', 0, 'in', 2, ['inventory.availability_changed']],
    ['into enough', 8, 'in', 2, ['inventory.availability_changed']],
    ['into plenty', 20, 'in', 2, []],
    ['out, enough left', 10, 'sale', 4, ['inventory.availability_changed']],
    ['out, plenty left', 30, 'sale', 10, []],
    ['out, little left', 10, 'sale', 5, ['inventory.availability_changed', 'inventory.low_stock']],
    ['out, less left', 4, 'sale', 1, ['inventory.availability_changed']],
    ['out, nothing left', 4, 'sale', 4, ['inventory.availability_changed']],
    ['all out at once', 10, 'sale', 10, ['inventory.availability_changed', 'inventory.low_stock']],
    ['back from low', 5, 'return', 1, ['inventory.availability_changed']],
  ] as const)('%s publishes what changed: %d, %s %d', (_name, onHand, type, quantity, expected) => {
    const { events } = move(aStock({ onHand }), { type, quantity, reference: null, reason: '', by: null }, NOON);
    expect(types(events)).toEqual(expected);
  });

  test('by hand may move out all that is available, and nothing that is held', () => {
    const stock = hold(aStock(), { quantity: 4, minute: MINUTE + 15 }, NOON);
    expect(adjust(stock, out(6), NOON).stock.onHand).toBe(4);
    expect(() => adjust(stock, out(7), NOON)).toThrow(
      expect.objectContaining({ slug: 'out-of-stock', extras: { lines: [{ sku: 'TEA', requested: 7, available: 6 }] } }),
    );
  });

  test('drops what has lapsed, so that no clock sees more held than on hand', () => {
    const { stock } = adjust(hold(aStock(), { quantity: 4, minute: MINUTE + 1 }, NOON), out(10), after(60));
    expect(held(stock, NOON)).toBe(0);
  });

  test('a threshold that makes the stock low is published, and so is one that ends it', () => {
    const low = setThreshold(aStock(), 10);
    expect(types(low.events)).toEqual(['inventory.availability_changed', 'inventory.low_stock']);
    expect(types(setThreshold(low.stock, 9).events)).toEqual(['inventory.availability_changed']);
    expect(types(setThreshold(low.stock, 12).events)).toEqual([]);
  });

  test('each event of a SKU has a higher sequence than the ones before', () => {
    const first = adjust(aStock(), out(5), NOON);
    const second = setThreshold(first.stock, 2);
    const third = handOver(second.stock, 'p2');
    const sequences = [first, second, third].map(({ events }) => new Set(events.map(({ sequence }) => sequence)));
    expect(sequences).toEqual([new Set([2]), new Set([3]), new Set([4])]);
    expect(third.events[0]?.data).toEqual({ sku: 'TEA', productId: 'p2', availability: 'in_stock', quantity: 5 });
  });
});

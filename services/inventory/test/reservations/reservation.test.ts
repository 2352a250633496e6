import { describe, expect, test } from '@jest/globals';
import type { StockLine } from '@sidecart/contracts/common';
import { NO_HOLDS } from '../../src/holds/holds.js';
import { setHold } from '../../src/holds/set-hold.js';
import { commit } from '../../src/reservations/commit.js';
import type { Decision, Facts } from '../../src/reservations/decision.js';
import { cancel } from '../../src/reservations/release.js';
import { mergedBySku, type StockDemand } from '../../src/reservations/reservation.js';
import { reserve as reserveFor } from '../../src/reservations/reserve.js';
import { hold } from '../../src/stock/stock.js';
import { aFacts, aHold, after, aStock, factsAfter as following, line, MINUTE, NOON, numbersOf, pieces, until } from '../builders.js';

const CUP = aStock({ sku: 'CUP', onHand: 2 });
const TEA = aStock();
const ALL = aFacts({ stocks: [TEA, CUP] });
const order = { reference: 'order-1', lines: [line('CUP', 1), line('TEA', 4)] };
const IN_15 = until(15 * 60);
const LATER = after(20 * 60);

const reserve = (facts: Facts, demand: StockDemand, until: string) =>
  reserveFor(facts, { ...demand, cartId: 'cart-1', country: null, until });
/** The facts after a decision that was based on all stocks. */
const factsAfter = (decision: Decision | undefined, now = NOON) => following(decision, now, ALL);
const reserved = () => reserve(ALL, order, IN_15);
const paid = () => commit(factsAfter(reserved()), order);
const types = (decision: Decision | undefined) => decision?.events.map(({ type }) => type);
const numbers = (decision: Decision | undefined, sku: string) => numbersOf(decision?.stocks.get(sku));
const demanded = (decision: Decision | undefined) => decision?.reservation.lines.map(({ sku, quantity }) => line(sku, quantity));
const placed = (lines: StockLine[]) => lines.map((each) => ({ ...each, from: pieces(each.quantity) }));
const short = (...lines: object[]) => expect.objectContaining({ kind: 'conflict', slug: 'out-of-stock', extras: { lines } });

describe('mergedBySku', () => {
  test('returns one line per SKU, sorted', () => {
    expect(mergedBySku([line('TEA', 1), line('CUP', 2), line('TEA', 3)])).toEqual([line('CUP', 2), line('TEA', 4)]);
  });

  test('refuses more pieces of a SKU than a line may have', () => {
    expect(() => mergedBySku([line('TEA', 999), line('TEA', 1)])).toThrow(expect.objectContaining({ kind: 'invalid' }));
  });
});

describe('reserve', () => {
  test('holds every line and publishes it', () => {
    const decision = reserved();
    expect(decision?.reservation).toMatchObject({ minute: MINUTE + 16, state: 'held', version: 1 });
    expect(demanded(decision)).toEqual(order.lines);
    expect(numbers(decision, 'TEA')?.held).toEqual({ [MINUTE + 16]: 4 });
    expect(numbers(decision, 'CUP')?.held).toEqual({ [MINUTE + 16]: 1 });
    expect(decision?.events).toEqual([
      expect.objectContaining({
        type: 'inventory.reserved',
        subject: 'order-1',
        data: { reference: 'order-1', lines: placed(order.lines) },
      }),
    ]);
  });

  test('refuses with every short line, unknown SKUs included, and holds nothing', () => {
    const greedy = { reference: 'order-2', lines: [line('CUP', 3), line('HAT', 1), line('TEA', 10)] };
    expect(() => reserve(ALL, greedy, IN_15)).toThrow(
      short({ sku: 'CUP', requested: 3, available: 2 }, { sku: 'HAT', requested: 1, available: 0 }),
    );
  });

  test.each([
    ['the same minute', 15 * 60],
    ['an earlier minute', 5 * 60],
  ])('again with the same lines until %s changes nothing', (_name, seconds) => {
    expect(reserve(factsAfter(reserved()), order, until(seconds))).toBeUndefined();
  });

  test('again with the same lines until a later minute extends the reservation and publishes nothing', () => {
    const again = reserve(factsAfter(reserved()), order, until(30 * 60));
    expect(again?.reservation).toMatchObject({ minute: MINUTE + 31, state: 'held', version: 2 });
    expect(numbers(again, 'TEA')?.held).toEqual({ [MINUTE + 31]: 4 });
    expect(numbers(again, 'CUP')?.held).toEqual({ [MINUTE + 31]: 1 });
    expect(again?.events).toEqual([]);
  });

  test('can be extended if nothing else is left, and then sold', () => {
    const all = { reference: 'order-1', lines: [line('TEA', 10)] };
    const first = reserve(aFacts(), all, IN_15);
    const extended = reserve(factsAfter(first), all, until(30 * 60));
    const sold = commit(factsAfter(extended, LATER), all);
    expect(sold?.reservation.state).toBe('committed');
    expect(numbers(sold, 'TEA')).toEqual({ onHand: 0, held: {} });
  });

  test('again with other lines until an earlier minute keeps the later one', () => {
    const again = reserve(factsAfter(reserved()), { ...order, lines: [line('TEA', 1)] }, until(60));
    expect(again?.reservation).toMatchObject({ lines: [{ sku: 'TEA', quantity: 1 }], minute: MINUTE + 16 });
    expect(numbers(again, 'TEA')?.held).toEqual({ [MINUTE + 16]: 1 });
  });

  test('again with other lines replaces them, and may use the same pieces', () => {
    const again = reserve(factsAfter(reserved()), { ...order, lines: [line('TEA', 10)] }, IN_15);
    expect(numbers(again, 'CUP')?.held).toEqual({});
    expect(numbers(again, 'TEA')?.held).toEqual({ [MINUTE + 16]: 10 });
    expect(again?.reservation).toMatchObject({ lines: [{ sku: 'TEA', quantity: 10 }], version: 2 });
  });

  test('after it has lapsed reserves again if there is enough', () => {
    const lapsed = factsAfter(reserved(), LATER);
    const again = reserve(lapsed, order, until(60, LATER));
    expect(again?.reservation).toMatchObject({ state: 'held', version: 2 });
    expect(numbers(again, 'TEA')?.held).toEqual({ [MINUTE + 22]: 4 });
    const gone = { ...lapsed, stocks: aFacts({ stocks: [aStock({ onHand: 3 }), CUP] }).stocks };
    expect(() => reserve(gone, order, until(60, LATER))).toThrow(short({ sku: 'TEA', requested: 4, available: 3 }));
  });

  test.each([
    ['released', () => cancel(factsAfter(reserved()), order)],
    ['cancelled before it was reserved', () => cancel(ALL, order)],
    ['returned', () => cancel(factsAfter(paid()), order)],
  ])('again is refused once it is %s', (_state, decided) => {
    expect(() => reserve(factsAfter(decided()), order, IN_15)).toThrow(
      expect.objectContaining({ kind: 'conflict', slug: 'order-cancelled' }),
    );
  });

  test.each([
    ['committed', paid],
    ['short', () => commit(aFacts({ stocks: [] }), order)],
  ])('again changes nothing once it is %s', (_state, decided) => {
    expect(reserve(factsAfter(decided()), { ...order, lines: [line('CUP', 1)] }, IN_15)).toBeUndefined();
  });

  test('refuses a time in the past', () => {
    expect(() => reserve(ALL, order, until(-1))).toThrow(expect.objectContaining({ slug: 'until-out-of-range' }));
  });

  describe('the holds of the cart', () => {
    const holding = (quantity: number, onHand = 10) => {
      const wish = { cartId: 'cart-1', sku: 'TEA', quantity, minute: MINUTE + 15 };
      const cart = setHold({ percent: 50, pieces: 20 }, { holds: NO_HOLDS, stock: aStock({ onHand }), countsOf: () => ({}) }, wish, NOON);
      return { holds: cart.holds, stocks: cart.stock ? [cart.stock] : [] };
    };
    const tea = (quantity: number) => ({ reference: 'order-1', lines: [line('TEA', quantity)] });

    test.each([
      ['the same', 4, 4, {}, []],
      ['more', 4, 6, {}, []],
      ['less', 4, 3, { [MINUTE + 15]: 1 }, [aHold(1)]],
    ])('are used up by an order of %s', (_name, holds, orders, rest, lines) => {
      const decision = reserve(aFacts(holding(holds)), tea(orders), IN_15);
      expect(numbers(decision, 'TEA')?.held).toEqual({ [MINUTE + 16]: orders, ...rest });
      expect(decision?.holds?.lines).toEqual(lines);
    });

    test('are enough if nothing else is left', () => {
      expect(reserve(aFacts(holding(4, 4)), tea(4), IN_15)?.reservation.state).toBe('held');
    });

    test('count as available if the order is short', () => {
      expect(() => reserve(aFacts(holding(4)), tea(11), IN_15)).toThrow(short({ sku: 'TEA', requested: 11, available: 10 }));
    });

    test('do not count once they have lapsed', () => {
      const { holds, stocks } = holding(4, 4);
      const others = stocks.map((each) => hold(each, aHold(4, MINUTE + 40), LATER));
      expect(() => reserve(aFacts({ holds, stocks: others, now: LATER }), tea(4), until(60, LATER))).toThrow(
        short({ sku: 'TEA', requested: 4, available: 0 }),
      );
    });

    test('on other SKUs stay', () => {
      const hat = aHold(1, MINUTE + 15, 'HAT');
      const { holds, stocks } = holding(4);
      const decision = reserve(aFacts({ holds: { lines: [hat, ...holds.lines], version: 1 }, stocks }), tea(4), IN_15);
      expect(decision?.holds?.lines).toEqual([hat]);
    });
  });
});

describe('a paid order', () => {
  test('sells what it has reserved: less on hand, nothing held, a movement per line', () => {
    const sold = paid();
    expect(sold?.reservation).toMatchObject({ state: 'committed' });
    expect(numbers(sold, 'TEA')).toEqual({ onHand: 6, held: {} });
    expect(numbers(sold, 'CUP')).toEqual({ onHand: 1, held: {} });
    expect(sold?.movements).toEqual([
      expect.objectContaining({ sku: 'CUP', type: 'sale', quantity: -1, balance: 1, reference: 'order-1' }),
      expect.objectContaining({ sku: 'TEA', type: 'sale', quantity: -4, balance: 6, reference: 'order-1' }),
    ]);
    expect(sold?.events[0]).toMatchObject({ type: 'inventory.committed', data: { reference: 'order-1', lines: placed(order.lines) } });
  });

  test('sells all it has reserved, down to the pieces that others hold', () => {
    const all = { reference: 'order-1', lines: [line('TEA', 6)] };
    const others = hold(TEA, aHold(4, MINUTE + 30), NOON);
    const sold = commit(factsAfter(reserve(aFacts({ stocks: [others] }), all, IN_15)), all);
    expect(numbers(sold, 'TEA')).toEqual({ onHand: 4, held: { [MINUTE + 30]: 4 } });
  });

  test.each([
    ['has lapsed', () => factsAfter(reserved(), LATER)],
    ['is missing', () => ALL],
  ])('whose reservation %s is sold if all lines are available', (_name, facts) => {
    const sold = commit(facts(), order);
    expect(sold?.reservation.state).toBe('committed');
    expect(numbers(sold, 'TEA')).toEqual({ onHand: 6, held: {} });
  });

  test('whose reservation has lapsed and whose stock is gone is short: it sells nothing and publishes the short lines', () => {
    const gone = {
      ...factsAfter(reserved(), LATER),
      stocks: aFacts({ stocks: [hold(TEA, aHold(8, MINUTE + 40), LATER), CUP] }).stocks,
    };
    const decision = commit(gone, order);
    expect(decision?.reservation).toMatchObject({ state: 'short' });
    expect(decision?.movements).toEqual([]);
    expect(decision?.stocks.size).toBe(0);
    expect(decision?.events).toEqual([
      expect.objectContaining({ type: 'inventory.short', data: { reference: 'order-1', lines: [line('TEA', 4)] } }),
    ]);
  });

  test('with other lines than were reserved sells what was paid for', () => {
    const other = { reference: 'order-1', lines: [line('TEA', 9)] };
    const sold = commit(factsAfter(reserved()), other);
    expect(numbers(sold, 'TEA')).toEqual({ onHand: 1, held: {} });
    expect(numbers(sold, 'CUP')).toEqual({ onHand: 2, held: {} });
    expect(demanded(sold)).toEqual(other.lines);
  });

  test.each([
    ['committed', paid],
    ['short', () => commit(aFacts({ stocks: [] }), order)],
    ['released', () => cancel(factsAfter(reserved()), order)],
    ['cancelled before it was reserved', () => cancel(ALL, order)],
    ['returned', () => cancel(factsAfter(paid()), order)],
  ])('changes nothing once it is %s', (_name, decided) => {
    expect(commit(factsAfter(decided()), order)).toBeUndefined();
  });
});

describe('a cancelled order', () => {
  test('releases what it has reserved', () => {
    const decision = cancel(factsAfter(reserved()), order);
    expect(decision?.reservation.state).toBe('released');
    expect(numbers(decision, 'TEA')).toEqual({ onHand: 10, held: {} });
    expect(types(decision)).toEqual(['inventory.released']);
  });

  test('releases nothing that has lapsed and that others hold', () => {
    const facts = factsAfter(reserved(), LATER);
    const others = new Map([...facts.stocks].map(([sku, each]) => [sku, hold(each, aHold(2, MINUTE + 40), LATER)]));
    const decision = cancel({ ...facts, stocks: others }, order);
    expect(decision?.reservation.state).toBe('released');
    expect(decision?.stocks.size).toBe(0);
  });

  test('returns what it has bought', () => {
    const decision = cancel(factsAfter(paid()), order);
    expect(decision?.reservation.state).toBe('returned');
    expect(numbers(decision, 'TEA')).toEqual({ onHand: 10, held: {} });
    expect(decision?.movements[1]).toMatchObject({ type: 'return', quantity: 4, balance: 10, reference: 'order-1' });
    expect(types(decision)?.[0]).toBe('inventory.returned');
  });

  test('that has no reservation is noted as released, without an event', () => {
    const decision = cancel(aFacts(), order);
    expect(decision).toMatchObject({ reservation: { reference: 'order-1', state: 'released' }, movements: [], events: [] });
    expect(decision?.stocks.size).toBe(0);
  });

  test.each([
    ['released', () => cancel(factsAfter(reserved()), order)],
    ['returned', () => cancel(factsAfter(paid()), order)],
    ['short', () => commit(aFacts({ stocks: [] }), order)],
  ])('changes nothing once it is %s', (_name, decided) => {
    expect(cancel(factsAfter(decided()), order)).toBeUndefined();
  });

  test('every event of an order has a higher sequence than the one before', () => {
    const steps = [reserved(), paid(), cancel(factsAfter(paid()), order)];
    expect(steps.map((step) => step?.events[0]?.sequence)).toEqual([1, 2, 3]);
  });
});

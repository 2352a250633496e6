import { describe, expect, test } from '@jest/globals';
import { minuteOf } from '../../src/stock/minutes.js';
import { availability } from '../../src/stock/report.js';
import { allocate, available, availableTo, held, hold, orderable, promise, release, type Stock } from '../../src/stock/stock.js';
import { aHold, after, aPlace, aStock, MINUTE, NOON, numbersOf, pieces, until } from '../builders.js';

const heldAt = (stock: Stock) => numbersOf(stock)?.held;

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
    const stock = hold(aStock(), aHold(3, MINUTE + 2), NOON);
    expect(available(stock, after(89))).toBe(7);
    expect(available(stock, after(90))).toBe(10);
  });

  test('shares a count with all others that lapse in the same minute', () => {
    let stock = aStock({ onHand: 1000 });
    for (let n = 0; n < 500; n++) stock = hold(stock, aHold(1, MINUTE + 2), NOON);
    expect(heldAt(stock)).toEqual({ [MINUTE + 2]: 500 });
  });

  test('that is released leaves nothing', () => {
    const stock = release(hold(aStock(), aHold(3), NOON), aHold(3), NOON);
    expect(heldAt(stock)).toEqual({});
    expect(available(stock, NOON)).toBe(10);
  });

  test('that has lapsed is dropped by the next change, and cannot be released', () => {
    const lapsed = hold(aStock(), aHold(3, MINUTE + 1), NOON);
    const later = hold(lapsed, aHold(2, MINUTE + 9), after(60));
    expect(heldAt(later)).toEqual({ [MINUTE + 9]: 2 });
    expect(held(release(later, aHold(3, MINUTE + 1), after(60)), after(60))).toBe(2);
  });
});

describe('pieces are taken', () => {
  const places = [aPlace('berlin', 9), aPlace('vienna', 4), aPlace('graz', 6)];
  const location = (id: string, countries: string[]) => ({ id, name: id, countries, active: true });
  const locations = [location('vienna', ['AT', 'HU']), location('graz', ['SI', 'AT']), location('berlin', ['DE'])];
  const take = (quantity: number, country: string | null, prior = pieces(0)) =>
    allocate(aStock({ places }), quantity, { locations, country, prior }, NOON).map(({ location, quantity }) => `${quantity} ${location}`);

  test.each([
    ['where there are most, if the country is unknown', 5, null, ['5 berlin']],
    ['where there are most, if no location serves the country first', 5, 'FR', ['5 berlin']],
    ['at the nearest location', 4, 'AT', ['4 vienna']],
    ['at the next nearest once the nearest has too few', 7, 'AT', ['4 vienna', '3 graz']],
    ['then where there are most', 12, 'AT', ['4 vienna', '6 graz', '2 berlin']],
    ['all over, if all are needed', 19, 'DE', ['9 berlin', '6 graz', '4 vienna']],
  ])('%s', (_name, quantity, country, expected) => {
    expect(take(quantity, country)).toEqual(expected);
  });

  test('first where they were before, as far as they are there', () => {
    expect(take(8, 'AT', [{ location: 'graz', quantity: 7 }])).toEqual(['6 graz', '2 vienna']);
  });
});

describe('backordered pieces', () => {
  const backorder = { kind: 'backorder', limit: 5 } as const;

  test('can be ordered up to the limit, and are not available', () => {
    const stock = aStock({ onHand: 2, backorder });
    expect([available(stock, NOON), orderable(stock, NOON)]).toEqual([2, 7]);
    expect(orderable(promise(stock, 3, MINUTE + 15, NOON), NOON)).toBe(2);
  });

  test('take what arrives from everybody else, but not from a cart that holds it', () => {
    const stock = promise(aStock({ onHand: 4, backorder }), 3, MINUTE + 15, NOON);
    expect(available(stock, NOON)).toBe(1);
    expect(availableTo(stock, pieces(4), NOON)).toBe(4);
  });

  test('are free again when the promise lapses', () => {
    const stock = promise(aStock({ onHand: 0, backorder }), 5, MINUTE + 2, NOON);
    expect([orderable(stock, NOON), orderable(stock, after(90))]).toEqual([0, 5]);
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
    expect(availability(hold(aStock(), aHold(10), NOON))).toBe('in_stock');
  });

  test.each([
    ['backorder', 0, 'backorder'],
    ['preorder', 4, 'preorder'],
    ['preorder', 5, 'out_of_stock'],
  ] as const)('of a SKU on %s with %d of 5 promised is %s', (kind, promised, expected) => {
    expect(availability(promise(aStock({ onHand: 0, backorder: { kind, limit: 5 } }), promised, MINUTE + 15, NOON))).toBe(expected);
  });
});

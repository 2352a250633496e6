import { describe, expect, test } from '@jest/globals';
import { ONLY_DEFAULT } from '../../src/locations/location.js';
import { work, type Work } from '../../src/stock/movement.js';
import { create, learn, setThreshold } from '../../src/stock/record.js';
import { held, hold, onHand, onHandAt, promise, sellable } from '../../src/stock/stock.js';
import { aHold, after, aPlace, aProduct, aStock, MINUTE, NOON } from '../builders.js';

const LOCATIONS = [...ONLY_DEFAULT, { id: 'vienna', name: 'Vienna', countries: ['AT'], active: true }];
const types = (events: readonly { type: string }[]) => events.map(({ type }) => type.replace('inventory.', ''));
const doing = (stock = aStock(), asked: Work = { type: 'ship', location: 'default', quantity: 3 }, now = NOON) =>
  work(stock, { reason: 'broken', by: 'ann', ...asked }, LOCATIONS, now);
const at = 'default';

describe('a movement', () => {
  test('is the next entry of the ledger: who, why, before and after', () => {
    const { stock, movements } = doing();
    expect(stock).toMatchObject({ places: [aPlace('default', 7)], seq: 2 });
    expect(movements).toEqual([
      {
        seq: 2,
        sku: 'TEA',
        location: 'default',
        type: 'ship',
        quantity: -3,
        before: 10,
        after: 7,
        balance: 7,
        reference: null,
        reason: 'broken',
        at: NOON.toISOString(),
        by: 'ann',
      },
    ]);
  });

  test.each<[string, Work, number, number]>([
    ['receive', { type: 'receive', location: at, quantity: 5 }, 5, 15],
    ['ship', { type: 'ship', location: at, quantity: 5 }, -5, 5],
    ['adjust up', { type: 'adjust', location: at, change: 2 }, 2, 12],
    ['adjust down', { type: 'adjust', location: at, change: -2 }, -2, 8],
    ['count more', { type: 'count', location: at, counted: 13 }, 3, 13],
    ['count fewer', { type: 'count', location: at, counted: 8 }, -2, 8],
    ['count the same', { type: 'count', location: at, counted: 10 }, 0, 10],
  ])('to %s changes what is on hand, and says so', (_name, asked, quantity, total) => {
    const { stock, movements, events } = doing(aStock(), asked);
    expect(onHand(stock)).toBe(total);
    expect(movements).toEqual([expect.objectContaining({ type: asked.type, quantity, before: 10, after: total })]);
    expect(events[0]).toMatchObject({
      type: 'inventory.adjusted',
      data: { location: at, type: asked.type, change: quantity, onHand: total },
    });
  });

  test('to transfer has an entry for each location, and changes nothing in all', () => {
    const { stock, movements, events } = doing(aStock({ onHand: 30 }), { type: 'transfer', from: at, to: 'vienna', quantity: 4 });
    expect([onHandAt(stock, at), onHandAt(stock, 'vienna'), onHand(stock)]).toEqual([26, 4, 30]);
    expect(movements).toEqual([
      expect.objectContaining({ seq: 2, location: at, quantity: -4, balance: 26 }),
      expect.objectContaining({ seq: 3, location: 'vienna', quantity: 4, balance: 30 }),
    ]);
    expect(types(events)).toEqual(['adjusted', 'adjusted', 'availability_changed']);
  });

  test.each<[string, Work]>([
    ['ship', { type: 'ship', location: at, quantity: 7 }],
    ['adjust', { type: 'adjust', location: at, change: -7 }],
    ['transfer', { type: 'transfer', from: at, to: 'vienna', quantity: 7 }],
  ])('to %s takes no held pieces away', (_name, asked) => {
    expect(() => doing(hold(aStock(), aHold(4), NOON), asked)).toThrow(
      expect.objectContaining({ slug: 'out-of-stock', extras: { lines: [{ sku: 'TEA', requested: 7, available: 6 }] } }),
    );
  });

  test('to ship takes only what is at the location', () => {
    const stock = aStock({ places: [aPlace(at, 2), aPlace('vienna', 9)] });
    expect(() => doing(stock, { type: 'ship', location: at, quantity: 3 })).toThrow(expect.objectContaining({ slug: 'out-of-stock' }));
  });

  test('to count may go down to what is held, and not below', () => {
    const stock = hold(aStock(), aHold(4), NOON);
    expect(onHand(doing(stock, { type: 'count', location: at, counted: 4 }).stock)).toBe(4);
    expect(() => doing(stock, { type: 'count', location: at, counted: 3 })).toThrow(
      expect.objectContaining({ kind: 'conflict', slug: 'count-below-held' }),
    );
  });

  test.each<[string, Work, string]>([
    ['to an unknown location', { type: 'receive', location: 'mars', quantity: 1 }, 'not-found'],
    ['from an unknown location', { type: 'transfer', from: 'mars', to: at, quantity: 1 }, 'out-of-stock'],
    ['to an inactive location', { type: 'receive', location: 'closed', quantity: 1 }, 'location-inactive'],
    ['by transfer to an inactive location', { type: 'transfer', from: at, to: 'closed', quantity: 1 }, 'location-inactive'],
  ])('%s is refused', (_name, asked, slug) => {
    const locations = [...LOCATIONS, { id: 'closed', name: 'Closed', countries: [], active: false }];
    expect(() => work(aStock(), { reason: 'x', by: 'ann', ...asked }, locations, NOON)).toThrow(expect.objectContaining({ slug }));
  });

  test('drops what has lapsed, so no clock sees more held than on hand', () => {
    const { stock } = doing(hold(aStock(), aHold(4, MINUTE + 1), NOON), { type: 'ship', location: at, quantity: 10 }, after(60));
    expect(held(stock, NOON)).toBe(0);
  });
});

describe('the events of a change', () => {
  test.each([
    ['into an empty stock', 0, 20, ['availability_changed', 'back_in_stock']],
    ['of a few into an empty stock', 0, 2, ['availability_changed', 'back_in_stock']],
    ['into enough', 8, 2, ['availability_changed']],
    ['into plenty', 20, 2, []],
    ['out, enough left', 10, -4, ['availability_changed']],
    ['out, plenty left', 30, -10, []],
    ['out, little left', 10, -5, ['availability_changed', 'low_stock']],
    ['out, less left', 4, -1, ['availability_changed']],
    ['out, nothing left', 4, -4, ['availability_changed']],
    ['all out at once', 10, -10, ['availability_changed', 'low_stock']],
    ['back from low', 5, 1, ['availability_changed']],
  ])('%s: %d, then %d', (_name, onHand, change, expected) => {
    const { events } = doing(aStock({ onHand }), { type: 'adjust', location: at, change });
    expect(types(events)).toEqual(['adjusted', ...expected]);
  });

  test('report low stock once, until it has been above the threshold again', () => {
    let stock = aStock({ onHand: 7 });
    const seen = [-2, -1, 3, -1, -1, 5, -8].map((change) => {
      const changed = doing(stock, { type: 'adjust', location: at, change });
      stock = changed.stock;
      return types(changed.events).includes('low_stock');
    });
    expect(seen).toEqual([true, false, false, false, true, false, true]);
  });

  test('report nothing back in stock while all of it is promised', () => {
    const waiting = promise(aStock({ onHand: 0, backorder: { kind: 'backorder', limit: 9 } }), 4, MINUTE + 15, NOON);
    const some = doing(waiting, { type: 'receive', location: at, quantity: 4 });
    expect(types(some.events)).toEqual(['adjusted', 'availability_changed']);
    expect(sellable(some.stock)).toBe(0);
    const more = doing(some.stock, { type: 'receive', location: at, quantity: 1 });
    expect(types(more.events)).toEqual(['adjusted', 'availability_changed', 'back_in_stock']);
  });

  test('report a threshold that makes the stock low, and one that ends it', () => {
    const low = setThreshold(aStock(), 10);
    expect(types(low.events)).toEqual(['availability_changed', 'low_stock']);
    expect(types(setThreshold(low.stock, 9).events)).toEqual(['availability_changed']);
    expect(types(setThreshold(low.stock, 12).events)).toEqual([]);
  });

  test('each have a higher sequence than the ones before', () => {
    const first = doing(aStock(), { type: 'ship', location: at, quantity: 5 });
    const second = setThreshold(first.stock, 2);
    const third = learn(second.stock, aProduct({ productId: 'p2', at: after(1).toISOString() }));
    const sequences = [first, second, third].map(({ events }) => new Set(events.map(({ sequence }) => sequence)));
    expect(sequences).toEqual([new Set([2]), new Set([3]), new Set([4])]);
    expect(third.events[0]?.data).toEqual({ sku: 'TEA', productId: 'p2', availability: 'in_stock', quantity: 5 });
  });
});

describe('what a stock knows of its product', () => {
  const backorder = { kind: 'preorder', limit: 3 } as const;

  test('is that of the newest event', () => {
    const newer = learn(aStock(), aProduct({ backorder, sequence: 3 }));
    expect(newer.stock.product.backorder).toEqual(backorder);
    for (const sequence of [2, 3]) expect(learn(newer.stock, aProduct({ sequence })).stock).toBe(newer.stock);
    expect(learn(newer.stock, aProduct({ sequence: 4 })).stock.product.backorder).toBeNull();
  });

  test('moves to another product if that event is later, and not back by a late one of the old product', () => {
    const moved = learn(aStock(), aProduct({ productId: 'p2', at: after(10).toISOString() })).stock;
    expect(moved.product.productId).toBe('p2');
    expect(learn(moved, aProduct({ sequence: 9, at: after(5).toISOString() })).stock).toBe(moved);
  });

  test('makes an empty SKU orderable, and reports it', () => {
    const { events } = learn(aStock({ onHand: 0 }), aProduct({ backorder, sequence: 2 }));
    expect(events).toEqual([expect.objectContaining({ data: expect.objectContaining({ availability: 'preorder', quantity: 0 }) })]);
  });
});

describe('a record', () => {
  test('begins empty, and reports it', () => {
    const { stock, events } = create({ sku: 'TEA', product: aProduct(), threshold: 5, ledger: [], tickets: 0 }, NOON);
    expect(stock).toMatchObject({ places: [], threshold: 5, seq: 0, version: 1 });
    expect(types(events)).toEqual(['availability_changed']);
  });

  test('that was lost has on hand what the ledger says, and a version above all before', () => {
    const moves: Work[] = [
      { type: 'receive', location: at, quantity: 9 },
      { type: 'transfer', from: at, to: 'vienna', quantity: 4 },
      { type: 'ship', location: 'vienna', quantity: 4 },
    ];
    let stock = aStock({ onHand: 0, seq: 0 });
    const ledger = moves.flatMap((asked) => {
      const done = doing(stock, asked);
      stock = done.stock;
      return done.movements;
    });
    const rebuilt = create({ sku: 'TEA', product: aProduct(), threshold: 5, ledger, tickets: 2 }, NOON);
    expect(rebuilt.stock).toMatchObject({ places: [aPlace(at, 5)], seq: 4, tickets: 2, served: 2 });
    expect(rebuilt.stock.version).toBeGreaterThan(NOON.getTime());
  });
});

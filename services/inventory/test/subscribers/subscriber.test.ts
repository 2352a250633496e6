import { expect, test } from '@jest/globals';
import { subscribe, type Subscriber } from '../../src/subscribers/subscriber.js';
import { aStock } from '../builders.js';

const ann = { userId: 'ann', email: 'ann@example.com', name: 'Ann' };
const waiting = (skus: string[]): Subscriber => ({ email: ann.email, name: ann.name, skus, isErased: false });
const names = (count: number) => Array.from({ length: count }, (_, n) => `n${n}`);
const EMPTY = aStock({ onHand: 0 });

test('a customer can wait for 100 SKUs', () => {
  expect(subscribe(waiting(names(99)), [], EMPTY, ann).subscriber.skus).toHaveLength(100);
  expect(() => subscribe(waiting(names(100)), [], EMPTY, ann)).toThrow(expect.objectContaining({ slug: 'too-many-subscriptions' }));
  expect(() => subscribe(waiting([...names(99), 'TEA']), ['ann'], EMPTY, ann)).not.toThrow();
});

test('a SKU has room for a number of customers', () => {
  expect(subscribe(undefined, names(249), EMPTY, ann).bucket).toHaveLength(250);
  expect(() => subscribe(undefined, names(250), EMPTY, ann)).toThrow(expect.objectContaining({ slug: 'too-many-subscriptions' }));
});

import { expect, test } from '@jest/globals';
import { DomainError } from '@sidecart/chassis/errors';
import type { Docs } from '@sidecart/chassis/state';
import { quota, useQuotas, type Quota } from '../../src/limits/quota.js';

const start = new Date('2026-05-01T12:00:00Z');
const after = (seconds: number) => new Date(start.getTime() + seconds * 1_000);

/** Stores the usage of quotas as the store would. */
function quotaStore() {
  const documents = new Map<string, string>();
  const get: Docs['get'] = (key) => JSON.parse(documents.get(key) ?? 'null') ?? undefined;
  const docs: Docs = { get, all: (keys) => keys.map((key) => get(key)) };
  /** Uses the quotas once. Returns 0, or the seconds to wait. */
  return (quotas: readonly Quota[], at: Date): number => {
    const used = useQuotas(docs, quotas, at);
    if (used instanceof DomainError) return used.extras.retryAfter ?? -1;
    for (const { key, value } of used) documents.set(key, JSON.stringify(value));
    return 0;
  };
}

test('a quota can be used up in one burst, and refills steadily', () => {
  const useOnce = quotaStore();
  const ten = [quota('mails', 10, 'ann')];
  for (let n = 0; n < 10; n++) expect(useOnce(ten, start)).toBe(0);
  expect(useOnce(ten, start)).toBe(360);
  expect(useOnce(ten, after(359))).toBe(1);
  expect(useOnce(ten, after(360))).toBe(0);
  expect(useOnce(ten, after(360))).toBe(360);
});

test('a quota is full again after an hour, and never exceeds its limit', () => {
  const useOnce = quotaStore();
  const two = [quota('mails', 2, 'ann')];
  for (const seconds of [0, 0, 24 * 3_600, 24 * 3_600]) expect(useOnce(two, after(seconds))).toBe(0);
  expect(useOnce(two, after(24 * 3_600))).toBe(1_800);
});

test('a refusal uses none of the other quotas, and has the longest wait', () => {
  const useOnce = quotaStore();
  const [one, two, many] = [quota('mails', 1, 'ann'), quota('mails', 2, 'bob'), quota('mails', 100, 'everybody')];
  expect(useOnce([one, two, many], start)).toBe(0);
  expect(useOnce([two], start)).toBe(0);
  for (let n = 0; n < 200; n++) expect(useOnce([one, two, many], start)).toBe(3_600);
  for (let n = 0; n < 99; n++) expect(useOnce([many], start)).toBe(0);
  expect(useOnce([many], start)).toBe(36);
});

test('a rate that does not divide the hour is enforced too', () => {
  const useOnce = quotaStore();
  const seven = [quota('mails', 7, 'ann')];
  for (let n = 0; n < 7; n++) expect(useOnce(seven, start)).toBe(0);
  expect(useOnce(seven, start)).toBe(515);
});

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Dapr, StateWrite } from '../../dapr/dapr.js';

const MAX_TRIES = 10;

/**
 * Tries transactions that must fail as a whole. Throws if half of one is kept, if one succeeds, or
 * if keys that differ in case are the same key.
 */
export async function refuseUnlessAtomic(dapr: Dapr): Promise<void> {
  const faults = await faultsOf(dapr);
  if (faults.length > 0)
    throw new Error(
      `The state store ${faults.join(' and ')}. Use an atomic one: state.sqlite, state.postgresql (v2), or state.mysql on a schema that was created with COLLATE utf8mb4_bin.`,
    );
}

/**
 * Repeats the probe if a valid transaction fails, which any store may do: MySQL ends one of two
 * that are deadlocked.
 */
async function faultsOf(dapr: Dapr, triesLeft = MAX_TRIES): Promise<string[]> {
  try {
    return await probe(dapr);
  } catch (error) {
    if (triesLeft === 1) throw error;
    await delay(Math.random() * 200);
    return faultsOf(dapr, triesLeft - 1);
  }
}

async function probe(dapr: Dapr): Promise<string[]> {
  const id = randomUUID();
  const [existing, other] = [`probe|${id}|existing`, `probe|${id}|other`];
  const write = (key: string, etag?: string): StateWrite => ({ key, value: { probe: true }, etag, ttlSeconds: 60 });
  const fails = (writes: StateWrite[]) =>
    dapr.commit(writes).then(
      () => false,
      () => true,
    );

  await dapr.commit([write(existing)]);
  const stale = (await dapr.read([existing])).get(existing)?.etag;
  await dapr.commit([write(existing, stale)]);
  const isGuarded = await fails([write(other), write(existing, stale)]);
  const isAtomic = !(await dapr.read([other])).has(other);
  const createsOnly = await fails([write(existing)]);
  const isCaseSensitive = (await dapr.read([existing.toUpperCase()])).size === 0;
  const left = await dapr.read([existing, other]);
  await dapr.commit([...left].map(([key, { etag }]) => ({ key, etag, removed: true })));

  return [
    ...(isGuarded ? [] : ['overwrites a document in spite of a stale ETag']),
    ...(isAtomic ? [] : ['keeps half of a failed transaction']),
    ...(createsOnly ? [] : ['overwrites a document that may only be created']),
    ...(isCaseSensitive ? [] : ['does not tell apart keys that differ only in case']),
  ];
}

/** The processor time of an operation, in every process of the shop. */
import type { Shop } from '@sidecart/runner/shop';
import { processorTimeOf } from './parts.js';

/** The processor time of each part at a time, both in ms. */
export interface Sample {
  at: number;
  times: Map<string, number>;
}

export const sample = async (shop: Shop): Promise<Sample> => ({ at: performance.now(), times: await processorTimeOf(shop) });

/**
 * Returns the processor time per operation in ms: of all apps, all sidecars, each part, and in
 * total. `idle` and `load` are the first and last samples of the idle shop and of the load. The
 * processor time that the idle shop would have used is subtracted.
 */
export function costOf(operations: number, idle: [Sample, Sample], load: [Sample, Sample]): Record<string, number> {
  const idleShare = (name: string) => between(name, idle) / (idle[1].at - idle[0].at);
  const cost = (name: string) => (between(name, load) - idleShare(name) * (load[1].at - load[0].at)) / Math.max(1, operations);
  const names = [...load[1].times.keys()];
  const sidecars = names.filter((name) => name.endsWith(': sidecar'));
  const apps = sidecars.map((name) => name.replace(': sidecar', ''));
  const rows: [string, string[]][] = [
    ['all apps', apps],
    ['all sidecars', sidecars],
    ...names.map((name): [string, string[]] => [name, [name]]),
    ['in all', names],
  ];
  return Object.fromEntries(rows.map(([row, parts]) => [row, rounded(parts.reduce((sum, name) => sum + cost(name), 0))]));
}

const between = (name: string, [first, last]: [Sample, Sample]) => (last.times.get(name) ?? 0) - (first.times.get(name) ?? 0);

const rounded = (ms: number) => Math.round(ms * 100) / 100;

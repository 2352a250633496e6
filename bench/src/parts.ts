/** The processes of a shop that runs in this process, their memory and their processor time. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { processes } from '@sidecart/runner/processes';
import type { Shop } from '@sidecart/runner/shop';
import { until } from '@sidecart/runner/until';

/** The shop is idle if all its parts use less processor time than this in a second, in ms. */
const IDLE_MS = 150;

/**
 * Returns the process ids of everything that `npm start` runs, by name. This process contains the
 * edge and the mail catcher, as `npm start` does.
 */
async function partsOf({ system }: Shop): Promise<Map<string, number>> {
  const named = Object.keys(system.urls).flatMap((app): [string, number | undefined][] => {
    const pids = system.pids(app);
    return [
      [app, pids.app],
      [`${app}: sidecar`, pids.sidecar],
    ];
  });
  const config = join(dirname(system.logs), 'nats.conf');
  const nats = (await processes()).find(({ argv }) => argv.includes(config));
  const all: [string, number | undefined][] = [...named, ['nats-server', nats?.pid], ['supervisor, edge, mail catcher', process.pid]];
  return new Map(all.filter((part): part is [string, number] => part[1] !== undefined));
}

/** Memory in MB. Shared pages count in full as resident, and in parts as proportional. */
export interface Memory {
  resident: number;
  proportional: number;
  /** Proportional memory that files do not back: heaps and stacks. */
  anonymous: number;
}

/** Returns the memory of each part. */
export async function memoryOf(shop: Shop): Promise<Record<string, Memory>> {
  const rows: Record<string, Memory> = {};
  for (const [name, pid] of await partsOf(shop)) {
    const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
    const of = (field: string) => Math.round(Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) / 1_024);
    rows[name] = { resident: of('Rss'), proportional: of('Pss'), anonymous: of('Pss_Anon') };
  }
  return { ...rows, 'in all': sum(Object.values(rows)) };
}

export function sum(rows: Memory[]): Memory {
  return rows.reduce(
    (all, row) => ({
      resident: all.resident + row.resident,
      proportional: all.proportional + row.proportional,
      anonymous: all.anonymous + row.anonymous,
    }),
    { resident: 0, proportional: 0, anonymous: 0 },
  );
}

/** Returns the processor time of each part so far, in ms. A tick of the kernel's clock is 10 ms. */
export async function processorTimeOf(shop: Shop): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (const [name, pid] of await partsOf(shop)) {
    const fields = (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')).split(') ').at(-1)?.split(' ') ?? [];
    times.set(name, (Number(fields[11]) + Number(fields[12])) * 10);
  }
  return times;
}

/** Waits until the shop is idle, because all events are handled. */
export async function untilIdle(shop: Shop): Promise<void> {
  const total = async () => [...(await processorTimeOf(shop)).values()].reduce((sum, time) => sum + time, 0);
  let before = await total();
  await until('the shop is idle', 120, async () => {
    await delay(1_000);
    const now = await total();
    const idle = now - before < IDLE_MS;
    before = now;
    return idle;
  });
}

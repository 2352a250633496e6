import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { root } from '../tools/root.js';

const Traffic = z.record(z.string(), z.looseObject({ subscribes: z.array(z.string()) }));

/** The topics that each service subscribes to, as the chart's `traffic.yaml` has them. */
export async function readSubscriptions(): Promise<Record<string, string[]>> {
  const traffic = Traffic.parse(parse(await readFile(join(root, 'charts', 'sidecart', 'traffic.yaml'), 'utf8')));
  return Object.fromEntries(Object.entries(traffic).map(([app, { subscribes }]) => [app, subscribes]));
}

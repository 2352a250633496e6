/** The metrics that the chart's dashboards and alerts ask Prometheus for. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { CHART } from '../support/chart.js';

const Dashboard = z.object({
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).default([]) })),
  templating: z.object({ list: z.array(z.object({ query: z.union([z.string(), z.object({ query: z.string() })]) })) }),
});
const Rules = z.object({ groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() })) })) });

/** Name of a metric -> where it is asked for. */
export async function askedMetrics(): Promise<Map<string, string[]>> {
  const asked = new Map<string, string[]>();
  const note = (where: string, expr: string) => {
    for (const name of metricsIn(expr)) asked.set(name, [...(asked.get(name) ?? []), where]);
  };
  for (const [file, text] of await filesIn('dashboards')) {
    const { panels, templating } = Dashboard.parse(JSON.parse(text));
    for (const { title, targets } of panels) for (const { expr } of targets) note(`${file}: ${title}`, expr);
    for (const { query } of templating.list) if (typeof query === 'object') note(`${file}: variables`, query.query);
  }
  for (const [file, text] of await filesIn('alerts'))
    for (const { rules } of Rules.parse(parse(text)).groups) for (const { alert, expr } of rules) note(`${file}: ${alert}`, expr);
  return asked;
}

async function filesIn(folder: string): Promise<[string, string][]> {
  const names = await readdir(join(CHART, folder));
  return Promise.all(names.map(async (name) => [name, await readFile(join(CHART, folder, name), 'utf8')] as [string, string]));
}

/** All that has an underscore and is neither a label nor a function; `up` is Prometheus' own. */
function metricsIn(expr: string): string[] {
  const bare = expr
    .replaceAll(/\{[^}]*\}|"[^"]*"/g, '')
    .replaceAll(/\b(?:by|without)\s*\([^)]*\)/g, '')
    .replaceAll(/label_values\((.*),[^,]*\)/g, '$1')
    .replaceAll(/\$__\w+|\b\w+\s*\(/g, '(');
  return [...new Set(bare.match(/\b[a-z]+(?:_[a-z]+)+\b/g))];
}

/** The names in what a target shows to Prometheus. */
export const metricNames = (text: string): Set<string> =>
  new Set(text.split('\n').flatMap((line) => /^([a-z_]+)[{ ]/.exec(line)?.[1] ?? []));

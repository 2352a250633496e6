/** The metrics that the chart's dashboards and alerts query. */
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

/** Returns where each metric is queried, by its name. */
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

/**
 * Every name with an underscore that is neither a label nor a function, and Prometheus' own `up`.
 */
function metricsIn(expr: string): string[] {
  const bare = expr
    .replaceAll(/\{[^}]*\}|"[^"]*"/g, '')
    .replaceAll(/\b(?:by|without)\s*\([^)]*\)/g, '')
    .replaceAll(/label_values\((.*),[^,]*\)/g, '$1')
    .replaceAll(/\$__\w+|\b\w+\s*\(/g, '(');
  return [...new Set(bare.match(/\b[a-z]+(?:_[a-z]+)+\b/g))];
}

/** Returns the names of the metrics in a scrape. */
export const metricNames = (text: string): Set<string> =>
  new Set(text.split('\n').flatMap((line) => /^([a-z_]+)[{ ]/.exec(line)?.[1] ?? []));

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { CHART, invalid, lint, resources, template } from '../support/chart.js';
import { COMBINATIONS } from './combinations.js';
import { violations } from './policy.js';

/** Most objects are the same in most combinations, so each is checked once. */
const seen = new Set<string>();

test.each(COMBINATIONS)('the chart with %s passes lint, is valid Kubernetes and Dapr, and follows the policy', async (_, values) => {
  const linted = await lint(values);
  expect(linted.ok ? '' : linted.out + linted.err).toBe('');
  const { ok, out, err } = await template(values);
  expect(ok ? '' : err).toBe('');
  const fresh = out.split(/^---$/m).filter((document) => !seen.has(document));
  for (const document of fresh) seen.add(document);
  const manifest = fresh.join('---\n');
  expect(await invalid(manifest)).toEqual([]);
  expect(resources(manifest).flatMap(violations)).toEqual([]);
});

test('every switch in values.yaml is changed in some combination', async () => {
  const switches = switchesIn(parse(await readFile(join(CHART, 'values.yaml'), 'utf8')));
  const used = COMBINATIONS.flatMap(([, values]) => switchesIn(values)).map(([path, on]) => `${path}: ${on}`);
  expect(switches.length).toBeGreaterThan(3);
  expect(switches.map(([path, on]) => `${path}: ${!on}`).filter((turned) => !used.includes(turned))).toEqual([]);
});

/** Returns each boolean with its path. */
function switchesIn(values: object, path = ''): [string, boolean][] {
  return Object.entries(values).flatMap(([name, value]: [string, unknown]): [string, boolean][] => {
    if (typeof value === 'boolean') return [[path + name, value]];
    return typeof value === 'object' && value !== null ? switchesIn(value, `${path}${name}.`) : [];
  });
}

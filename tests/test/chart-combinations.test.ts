import { expect, test } from '@jest/globals';
import { invalid, lint, resources, template } from '../src/chart.js';
import { COMBINATIONS } from '../src/combinations.js';
import { violations } from '../src/policy.js';

/** Most objects are the same in most combinations, and looked at once. */
const seen = new Set<string>();

test.each(COMBINATIONS)('the chart with %s lints, is valid Kubernetes and Dapr, and keeps the policy', async (_, values) => {
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

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { root } from '@sidecart/runner/root';
import { named, rendered } from '../support/chart.js';
import { NEEDED } from './combinations.js';

interface Pod {
  template: { metadata: { annotations: Record<string, string> } };
}

/** Returns GOMEMLIMIT of the sidecar of orders, if its container has this limit. */
async function goMemoryLimit(memoryLimit: string): Promise<string | undefined> {
  const services = { orders: { sidecar: { memoryLimit } } };
  const { spec } = named(await rendered({ ...NEEDED, services }), 'Deployment', 'orders') as unknown as { spec: Pod };
  return spec.template.metadata.annotations['dapr.io/env'];
}

test.each([
  ['256Mi', 'GOMEMLIMIT=204MiB'],
  ['1Gi', 'GOMEMLIMIT=819MiB'],
  ['268435456', undefined],
])('a sidecar with a limit of %s collects garbage before it reaches it', async (limit, expected) => {
  expect(await goMemoryLimit(limit)).toBe(expected);
});

test('the heap of a service is bounded by the limit of its container', async () => {
  const dockerfile = await readFile(join(root, 'Dockerfile'), 'utf8');
  expect(dockerfile).toMatch(/^ENV .*NODE_OPTIONS=--max-old-space-size-percentage=50$/m);
});

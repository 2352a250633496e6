import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { root } from '@sidecart/runner/root';
import { parse } from 'yaml';
import { invalid, kustomize, resources } from '../support/chart.js';
import { podOf, violations } from './policy.js';

const K8S = join(root, 'k8s');
const files = (await readdir(K8S, { recursive: true })).filter((file) => file.endsWith('kustomization.yaml'));
const kinds = await Promise.all(files.map(async (file): Promise<{ kind: string }> => parse(await readFile(join(K8S, file), 'utf8'))));
const folders = files.filter((_, index) => kinds[index]?.kind === 'Kustomization').map((file) => dirname(file));

test('k8s/ has servers to check', () => {
  expect(folders).toEqual(expect.arrayContaining(['production', join('trial', 'jetstream'), join('trial', 'redis')]));
});

test.each(folders)('k8s/%s is valid Kubernetes, follows the policy and contains no password', async (folder) => {
  const { ok, out, err } = await kustomize(join(K8S, folder));
  expect(ok ? '' : err).toBe('');
  expect(await invalid(out)).toEqual([]);
  const all = resources(out);
  expect(all.flatMap(violations)).toEqual([]);
  expect(all.filter(({ kind }) => kind === 'Secret')).toEqual([]);
});

test.each(folders.filter((folder) => folder.startsWith('trial')))(
  'each server of k8s/%s is locked in by a network policy',
  async (folder) => {
    const all = resources((await kustomize(join(K8S, folder))).out);
    const names = (kind: string) => all.filter((each) => each.kind === kind).map(({ metadata }) => metadata.name);
    const servers = all.filter(podOf).map(({ metadata }) => metadata.name);
    expect(servers.length).toBeGreaterThan(2);
    expect(names('NetworkPolicy')).toEqual(expect.arrayContaining(servers));
    expect(names('Service')).toEqual(expect.arrayContaining(servers));
  },
);

/** Checks what GitHub runs and what Renovate updates. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { root } from '@sidecart/runner/root';
import { tool } from '@sidecart/runner/tools';
import { parse } from 'yaml';
import { z } from 'zod';

const WORKFLOWS = join(root, '.github', 'workflows');
const files = await readdir(WORKFLOWS);
const texts = await Promise.all(files.map((file) => readFile(join(WORKFLOWS, file), 'utf8')));

const Job = z.looseObject({
  needs: z
    .union([z.string(), z.array(z.string())])
    .default([])
    .transform((needs) => [needs].flat()),
  environment: z.string().optional(),
  permissions: z.record(z.string(), z.string()).default({}),
});
const Workflow = z.looseObject({
  on: z.looseObject({ schedule: z.array(z.object({ cron: z.string() })).default([]) }),
  permissions: z.object({}),
  jobs: z.record(z.string(), Job),
});
const workflows = texts.map((text) => Workflow.parse(parse(text)));

test('actionlint finds no problem', async () => {
  // Without shellcheck and pyflakes, which actionlint uses if installed, the result is the same
  // everywhere.
  const args = ['-no-color', '-shellcheck=', '-pyflakes='];
  await expect(promisify(execFile)(await tool('actionlint'), args, { cwd: root })).resolves.toEqual({ stdout: '', stderr: '' });
}, 180_000);

test('a job that pushes packages waits until the environment release is approved', () => {
  const publishing = workflows.flatMap(({ jobs }) =>
    Object.keys(jobs)
      .filter((name) => jobs[name]?.permissions['packages'] === 'write')
      .map((name) => ({ jobs, name })),
  );
  expect(publishing.map(({ name }) => name)).toEqual(['publish-images', 'publish-chart']);
  for (const { jobs, name } of publishing) {
    const before = (job: string): string[] => [job, ...(jobs[job]?.needs ?? []).flatMap(before)];
    expect([name, before(name).some((job) => jobs[job]?.environment === 'release')]).toEqual([name, true]);
  }
});

test('packages, modules and images are scanned every week', () => {
  const weekly = texts.filter((_, index) => workflows[index]?.on.schedule.some(({ cron }) => /^\d+ \d+ \* \* [0-6]$/.test(cron)));
  expect(weekly).toHaveLength(1);
  for (const scan of ['npm audit', 'scan-type: fs', 'uses: ./.github/workflows/images.yml', 'trivy-action@'])
    expect(weekly[0]).toContain(scan);
});

test('an action that is pinned by commit names its version', () => {
  const pinned = texts.flatMap((text) => text.match(/^.*uses: .*@[0-9a-f]{40}.*$/gm) ?? []);
  expect(pinned.length).toBeGreaterThan(0);
  expect(pinned.filter((line) => !/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
});

const Renovate = z.looseObject({
  extends: z.array(z.string()),
  schedule: z.array(z.string()),
  customManagers: z.array(
    z.looseObject({ description: z.string(), managerFilePatterns: z.array(z.string()), matchStrings: z.array(z.string()) }),
  ),
});
const settings = Renovate.parse(JSON.parse(await readFile(join(root, '.github', 'renovate.json'), 'utf8')));
const tracked = (await promisify(execFile)('git', ['ls-files'], { cwd: root })).stdout.split('\n');
/** Returns the repository's files that match. A pattern is a regular expression between slashes. */
const filesAt = (patterns: string[]) => tracked.filter((file) => patterns.some((pattern) => new RegExp(pattern.slice(1, -1)).test(file)));

describe('Renovate', () => {
  test('pins actions by commit and images by digest, once a week', () => {
    expect(settings.extends).toEqual(expect.arrayContaining(['helpers:pinGitHubActionDigests', 'docker:pinDigests']));
    expect(settings.schedule).toEqual(['before 6am on monday']);
  });

  test.each(settings.customManagers.map((manager) => [manager.description, manager] as const))('finds %s', async (_, manager) => {
    const found = filesAt(manager.managerFilePatterns);
    expect(found.length).toBeGreaterThan(0);
    for (const file of found) {
      const text = await readFile(join(root, file), 'utf8');
      const versions = manager.matchStrings.flatMap((pattern) =>
        [...text.matchAll(new RegExp(pattern, 'g'))].map(({ groups }) => groups?.['currentValue']),
      );
      expect([file, versions.length > 0 && versions.every((version) => /\d/.test(version ?? ''))]).toEqual([file, true]);
    }
  });

  test('knows every image in the chart', async () => {
    const { observability } = z
      .looseObject({ observability: z.looseObject({ images: z.record(z.string(), z.string()) }) })
      .parse(parse(await readFile(join(root, 'charts', 'sidecart', 'values.yaml'), 'utf8')));
    const [images] = settings.customManagers.filter(({ managerFilePatterns }) =>
      managerFilePatterns.some((pattern) => pattern.includes('values')),
    );
    const text = await readFile(join(root, 'charts', 'sidecart', 'values.yaml'), 'utf8');
    const matched = (images?.matchStrings ?? []).flatMap((pattern) =>
      [...text.matchAll(new RegExp(pattern, 'g'))].map(({ groups }) => `${groups?.['depName']}:${groups?.['currentValue']}`),
    );
    expect(matched.toSorted()).toEqual(Object.values(observability.images).toSorted());
  });
});

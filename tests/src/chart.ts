/** The chart as Helm renders it, and what is checked about any manifest. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '@sidecart/runner/root';
import { tool } from '@sidecart/runner/tools';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

export const CHART = join(root, 'charts', 'sidecart');
export const NAMESPACE = 'shop';

export type Values = Record<string, unknown>;

/** One object of a manifest; what is in it depends on its kind. */
export interface Resource {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  [field: string]: unknown;
}

export interface Ran {
  ok: boolean;
  out: string;
  /** What went wrong, in the program's words. */
  err: string;
}

/** The newest Kubernetes that is checked against: `tests/schemas/`. */
const TARGET = ['--namespace', NAMESPACE, '--kube-version', '1.34.0'];

/** `helm template` on these values, which come over the chart's own. */
export async function template(values: Values, chart = CHART): Promise<Ran> {
  return run(await tool('helm'), ['template', 'sidecart', chart, ...TARGET, '--values', '-'], JSON.stringify(values));
}

/** The chart as it is published: one file in this folder. */
export async function packaged(folder: string): Promise<string> {
  const { out, err } = run(await tool('helm'), ['package', CHART, '--destination', folder], '');
  return /saved it to: (.+)/.exec(out)?.[1] ?? refuse(err);
}

function refuse(reason: string): never {
  throw new Error(reason);
}

/** `helm lint --strict`. Warnings fail too. */
export async function lint(values: Values): Promise<Ran> {
  return run(await tool('helm'), ['lint', CHART, '--strict', '--quiet', ...TARGET, '--values', '-'], JSON.stringify(values));
}

/** A folder of `k8s/` as it would be applied. */
export async function kustomize(folder: string): Promise<Ran> {
  return run(await tool('kustomize'), ['build', folder], '');
}

/** What `kubeconform` finds, as `Deployment orders: at '/spec': ...`; also kinds that `tests/schemas/` does not have. */
export async function invalid(manifest: string): Promise<string[]> {
  const schemas = join(root, 'tests', 'schemas', '{{.ResourceKind}}{{.KindSuffix}}.json');
  const { out, err } = run(await tool('kubeconform'), ['-strict', '-output', 'json', '-schema-location', schemas, '-'], manifest);
  const Report = z.object({ resources: z.array(z.object({ kind: z.string(), name: z.string(), msg: z.string() })).nullish() });
  if (!out) throw new Error(err);
  return (Report.parse(JSON.parse(out)).resources ?? []).map(({ kind, name, msg }) => `${kind} ${name}: ${msg}`);
}

/** The objects of a manifest. A key that is given twice is an error. */
export function resources(manifest: string): Resource[] {
  return parseAllDocuments(manifest).flatMap((document) => {
    if (document.errors.length > 0) throw new Error(document.errors.join('\n'));
    const resource: Resource | null = document.toJS();
    return resource ? [resource] : [];
  });
}

/** The chart's objects on these values. @throws what Helm says where it refuses them */
export async function rendered(values: Values): Promise<Resource[]> {
  const { ok, out, err } = await template(values);
  return ok ? resources(out) : refuse(err);
}

/** The one object of this kind and name. */
export function named(all: Resource[], kind: string, name: string): Resource {
  const [found, ...more] = all.filter((each) => each.kind === kind && each.metadata.name === name);
  if (!found || more.length > 0) throw new Error(`There ${found ? 'are several' : 'is no'} ${kind} ${name}`);
  return found;
}

function run(program: string, args: string[], input: string): Ran {
  const { status, stdout, stderr, error } = spawnSync(program, args, { input, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (error) throw error;
  return { ok: status === 0, out: stdout, err: stderr };
}

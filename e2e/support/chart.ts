/** The chart as Helm renders it, and what is checked about any manifest. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { root } from '@sidecart/runner/root';
import { tool } from '@sidecart/runner/tools';
import { parse, parseAllDocuments } from 'yaml';
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

/** The newest Kubernetes that is checked against: `e2e/chart/schemas/`. */
const TARGET = ['--namespace', NAMESPACE, '--kube-version', '1.34.0'];

/** Runs `helm template` on these values, which override the chart's own; `flags` are added. */
export async function template(values: Values, chart = CHART, flags: string[] = []): Promise<Ran> {
  return run(await tool('helm'), ['template', 'sidecart', chart, ...TARGET, ...flags, '--values', '-'], JSON.stringify(values));
}

/**
 * Returns what Helm prints after an install with these values. `helm template` leaves it out, so a
 * copy of the chart puts it into an object.
 */
export async function notes(values: Values): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sidecart-'));
  try {
    await cp(CHART, folder, { recursive: true });
    await cp(join(CHART, 'templates', 'NOTES.txt'), join(folder, 'notes.txt'));
    await writeFile(join(folder, 'templates', 'notes.yaml'), `{ kind: Notes, text: {{ tpl (.Files.Get "notes.txt") . | quote }} }`);
    const { ok, out, err } = await template(values, folder, ['--show-only', 'templates/notes.yaml']);
    return ok ? z.object({ text: z.string() }).parse(parse(out)).text : refuse(err);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The chart as it is published: one file in this folder. */
export async function packaged(folder: string): Promise<string> {
  const { out, err } = await run(await tool('helm'), ['package', CHART, '--destination', folder], '');
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

/** What `kubeconform` finds, as `Deployment orders: at '/spec': ...`; also kinds that `e2e/chart/schemas/` does not have. */
export async function invalid(manifest: string): Promise<string[]> {
  const schemas = join(root, 'e2e', 'chart', 'schemas', '{{.ResourceKind}}{{.KindSuffix}}.json');
  const { out, err } = await run(await tool('kubeconform'), ['-strict', '-output', 'json', '-schema-location', schemas, '-'], manifest);
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

/** Returns the chart's objects on these values. Throws Helm's refusal. */
export async function rendered(values: Values, flags: string[] = []): Promise<Resource[]> {
  const { ok, out, err } = await template(values, CHART, flags);
  return ok ? resources(out) : refuse(err);
}

/** The one object of this kind and name. */
export function named(all: Resource[], kind: string, name: string): Resource {
  const [found, ...more] = all.filter((each) => each.kind === kind && each.metadata.name === name);
  if (!found || more.length > 0) throw new Error(`There ${found ? 'are several' : 'is no'} ${kind} ${name}`);
  return found;
}

async function run(program: string, args: string[], input: string): Promise<Ran> {
  const child = spawn(program, args);
  const ended = once(child, 'close');
  child.stdin.on('error', () => {}).end(input); // a program may refuse its arguments before it reads
  const [out, err, [status]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { ok: status === 0, out, err };
}

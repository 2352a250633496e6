/** Renders the chart with Helm, and checks manifests. */
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

/** An object of a manifest. Its fields depend on its kind. */
export interface Resource {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  [field: string]: unknown;
}

export interface Ran {
  ok: boolean;
  out: string;
  /** What the program wrote to stderr. */
  err: string;
}

/** The newest Kubernetes version that the chart is checked against, as in `e2e/chart/schemas/`. */
const TARGET = ['--namespace', NAMESPACE, '--kube-version', '1.34.0'];

/**
 * Runs `helm template` with these values, which override the chart's defaults, and with `flags`.
 */
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

/** Packages the chart as it is published. Returns the path of the file. */
export async function packaged(folder: string): Promise<string> {
  const { out, err } = await run(await tool('helm'), ['package', CHART, '--destination', folder], '');
  return /saved it to: (.+)/.exec(out)?.[1] ?? refuse(err);
}

function refuse(reason: string): never {
  throw new Error(reason);
}

/** Runs `helm lint --strict`, which fails on warnings too. */
export async function lint(values: Values): Promise<Ran> {
  return run(await tool('helm'), ['lint', CHART, '--strict', '--quiet', ...TARGET, '--values', '-'], JSON.stringify(values));
}

/** Builds a folder of `k8s/` as it would be applied. */
export async function kustomize(folder: string): Promise<Ran> {
  return run(await tool('kustomize'), ['build', folder], '');
}

/**
 * Returns what `kubeconform` finds, such as `Deployment orders: at '/spec': ...`. A kind without a
 * file in `e2e/chart/schemas/` is an error too.
 */
export async function invalid(manifest: string): Promise<string[]> {
  const schemas = join(root, 'e2e', 'chart', 'schemas', '{{.ResourceKind}}{{.KindSuffix}}.json');
  const { out, err } = await run(await tool('kubeconform'), ['-strict', '-output', 'json', '-schema-location', schemas, '-'], manifest);
  const Report = z.object({ resources: z.array(z.object({ kind: z.string(), name: z.string(), msg: z.string() })).nullish() });
  if (!out) throw new Error(err);
  return (Report.parse(JSON.parse(out)).resources ?? []).map(({ kind, name, msg }) => `${kind} ${name}: ${msg}`);
}

/** Returns the objects of a manifest. Throws if a key occurs twice. */
export function resources(manifest: string): Resource[] {
  return parseAllDocuments(manifest).flatMap((document) => {
    if (document.errors.length > 0) throw new Error(document.errors.join('\n'));
    const resource: Resource | null = document.toJS();
    return resource ? [resource] : [];
  });
}

/** Returns the chart's objects for these values. Throws with Helm's message if it refuses them. */
export async function rendered(values: Values, flags: string[] = []): Promise<Resource[]> {
  const { ok, out, err } = await template(values, CHART, flags);
  return ok ? resources(out) : refuse(err);
}

/** Returns the one object of this kind and name. Throws if there is none or more than one. */
export function named(all: Resource[], kind: string, name: string): Resource {
  const [found, ...more] = all.filter((each) => each.kind === kind && each.metadata.name === name);
  if (!found || more.length > 0) throw new Error(`There ${found ? 'are several' : 'is no'} ${kind} ${name}`);
  return found;
}

async function run(program: string, args: string[], input: string): Promise<Ran> {
  const child = spawn(program, args);
  const ended = once(child, 'close');
  child.stdin.on('error', () => {}).end(input); // the program may exit before it reads its input
  const [out, err, [status]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { ok: status === 0, out, err };
}

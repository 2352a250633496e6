/**
 * Reads the calls and events of each service from its code, to compare them with
 * `charts/sidecart/services.yaml`.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '@sidecart/runner/root';
import { z } from 'zod';

export interface Traffic {
  /** Names of routes under /internal, by the service that is called. */
  calls: Record<string, string[]>;
  publishes: string[];
  subscribes: string[];
}

const Call = z.object({ app: z.string(), name: z.string() });
const Exports = z.object({ exports: z.record(z.string(), z.string()) });
const isEvent = (value: unknown): value is { type: string } => typeof value === 'function' && 'parse' in value && 'type' in value;

const CONTRACTS = /import \{([^}]+)\} from '@sidecart\/contracts\/([\w-]+)'/g;
/** The entry points of other packages. Their code makes calls and subscribes for the service. */
const PACKAGES = /from '@sidecart\/(?!contracts)(\w+)\/([\w-]+)'/g;

/** Returns what a file imports from `packages/contracts`, by local name. */
async function imported(text: string): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  for (const [, names = '', module = ''] of text.matchAll(CONTRACTS)) {
    const contracts: Record<string, unknown> = await import(`@sidecart/contracts/${module}`);
    for (const name of names.split(',').map((part) => part.trim())) {
      const [original = '', alias = original] = name.replace(/^type /, '').split(' as ');
      if (name && !name.startsWith('type ')) found.set(alias, contracts[original]);
    }
  }
  return found;
}

async function filesOf(...path: string[]): Promise<string[]> {
  const folder = join(root, ...path);
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.ts'));
  return Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
}

/** Returns the source of an entry point of a package. */
async function sourceOf(name: string, entry: string): Promise<string> {
  const folder = join(root, 'packages', name);
  const { exports } = Exports.parse(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')));
  const compiled = exports[`./${entry}`] ?? '';
  return readFile(join(folder, compiled.replace('/dist/', '/').replace(/js$/, 'ts')), 'utf8');
}

/**
 * Returns the traffic in the source of a service and in the entry points of packages that it
 * imports. An event that a file with subscriptions mentions but does not create is subscribed to.
 * Any other event is published.
 */
export async function trafficOf(service: string): Promise<Traffic> {
  const files = await filesOf('services', service, 'src');
  const entries = new Map(
    files.flatMap((text) => Array.from(text.matchAll(PACKAGES), ([from, name = '', entry = '']) => [from, { name, entry }])),
  );
  for (const { name, entry } of entries.values()) files.push(await sourceOf(name, entry));
  const calls: Record<string, string[]> = {};
  const publishes = new Set<string>();
  const subscribes = new Set<string>();
  for (const text of files) {
    const names = await imported(text);
    for (const [, name = ''] of text.matchAll(/\bcaller\(\s*[\w.]+,\s*(\w+)/g)) {
      const { app, name: path } = Call.parse(names.get(name));
      if (app !== service) (calls[app] ??= []).push(path);
    }
    const listens = /\.on\(\s*\w+,/.test(text);
    for (const [name, value] of names) {
      const heard = listens && !new RegExp(`\\b${name}\\(`).test(text);
      if (isEvent(value)) (heard ? subscribes : publishes).add(value.type);
    }
  }
  return { calls: sorted(calls), publishes: [...publishes].sort(), subscribes: [...subscribes].sort() };
}

/** Returns the calls in a fixed order, to compare them. */
export function sorted(calls: Record<string, string[]>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(calls).map(([app, names]) => [app, [...new Set(names)].sort()]));
}

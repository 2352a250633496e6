/** The packages of a project and what depends on them, by their package.json files. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

export interface Package {
  name: string;
  /** Relative to the project, for example `services/orders`. */
  folder: string;
  dependencies: string[];
}

const Manifest = z.object({ name: z.string(), dependencies: z.record(z.string(), z.string()).default({}) });

/** Returns the packages in `packages/` and `services/`. */
export async function readPackages(project: string): Promise<Package[]> {
  const parents = await Promise.all(['packages', 'services'].map((parent) => packagesIn(project, parent)));
  return parents.flat();
}

async function packagesIn(project: string, parent: string): Promise<Package[]> {
  const names = await readdir(join(project, parent)).catch(() => []);
  const found = names.map(async (name): Promise<Package[]> => {
    const folder = join(parent, name);
    const text = await readFile(join(project, folder, 'package.json'), 'utf8').catch(() => undefined);
    if (text === undefined) return [];
    const manifest = Manifest.parse(JSON.parse(text));
    return [{ name: manifest.name, folder, dependencies: Object.keys(manifest.dependencies) }];
  });
  return (await Promise.all(found)).flat();
}

/** Returns these packages and all that depend on one of them, directly or not. */
export function withDependents(packages: Package[], changed: Iterable<Package>): Package[] {
  const touched = new Set(changed);
  for (const one of touched) {
    for (const other of packages) if (other.dependencies.includes(one.name)) touched.add(other);
  }
  return [...touched];
}

/** Compiles what is saved and restarts the services that use it. */
import { execFile } from 'node:child_process';
import { existsSync, watch, type FSWatcher } from 'node:fs';
import { basename, join } from 'node:path';
import type { Apps } from '../shop/apps.js';
import { root } from '../tools/root.js';
import { readPackages, withDependents, type Package } from './packages.js';

export interface WatchOptions {
  project: string;
  apps: Pick<Apps, 'has' | 'reload'>;
  say: (line: string) => void;
}

/** Editors save a file in several steps. */
const QUIET_MS = 50;

/** Watches the sources of all packages and services until `close`. */
export async function watchProject({ project, apps, say }: WatchOptions): Promise<{ close(): void }> {
  const packages = await readPackages(project);
  /** What has changed and is not running yet. */
  const changed = new Set<Package>();
  let timer: NodeJS.Timeout | undefined;
  let isBusy = false;
  let isDirty = false;

  function note(one: Package): void {
    changed.add(one);
    isDirty = true;
    clearTimeout(timer);
    timer = setTimeout(() => void takeTurns(), QUIET_MS);
  }

  /** What is saved during a turn gets the next turn. */
  async function takeTurns(): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    while (isDirty) {
      isDirty = false;
      const all = [...changed];
      changed.clear();
      await update(all).catch((error: unknown) => say(error instanceof Error ? error.message : String(error)));
    }
    isBusy = false;
  }

  async function update(all: Package[]): Promise<void> {
    const started = performance.now();
    const seconds = () => ((performance.now() - started) / 1_000).toFixed(1);
    const touched = withDependents(packages, all);
    const services = touched.map(({ folder }) => basename(folder)).filter(apps.has);
    const errors = await compile(project, services.length > 0 ? services.map((name) => join('services', name)) : folders(all));
    if (errors !== undefined) {
      for (const one of all) changed.add(one);
      return say(`${errors}\n  Nothing was restarted. Fix the error and save again.`);
    }
    if (services.length === 0) return say(`${names(all)} compiled. Restart this command to use it.`);
    await Promise.all(services.map(apps.reload));
    say(`${services.join(', ')} restarted after ${seconds()} s`);
  }

  const watchers = packages.flatMap((one): FSWatcher[] => {
    const sources = join(project, one.folder, 'src');
    return existsSync(sources) ? [watch(sources, { recursive: true }, () => note(one))] : [];
  });
  return {
    close() {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}

const folders = (packages: Package[]) => packages.map(({ folder }) => folder);
const names = (packages: Package[]) => packages.map(({ name }) => name).join(', ');

/**
 * Compiles these folders and what they depend on. Returns the errors, or `undefined` without any.
 */
function compile(project: string, toCompile: string[]): Promise<string | undefined> {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, '-b', ...toCompile], { cwd: project }, (error, stdout, stderr) => {
      resolve(error ? stdout + stderr || error.message : undefined);
    });
  });
}

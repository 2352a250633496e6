/** Finds, downloads or builds the programs that the shop and its tests run. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  acceptedVersions,
  cachedPath,
  fill,
  findGo,
  findInstalled,
  goVersion,
  isExecutable,
  programOf,
  releaseUrls,
  type Program,
  type ToolName,
} from '@sidecart/runner/programs';
import { build } from './build.js';
import { download } from './download.js';
import { withLock } from './lock.js';

export type { ToolName } from '@sidecart/runner/programs';

export interface ToolOptions {
  env?: NodeJS.ProcessEnv;
  /** Aborts a download or a build. */
  signal?: AbortSignal;
  /** How long a server may stay silent before a download is given up, in ms. */
  patience?: number;
  /** Called with each line of progress. */
  say?: (line: string) => void;
}

/**
 * Returns the path of a program. Looks for a suitable version on PATH, in `~/.dapr/bin` and in the
 * user's cache. Otherwise downloads the official release to the cache or builds it there.
 * @throws if it cannot be downloaded and Go is missing; the message says what to install
 */
export async function tool(name: ToolName, options: ToolOptions = {}): Promise<string> {
  const { env = process.env, signal = new AbortController().signal, patience = 5_000, say = write } = options;
  const program = programOf(name);
  const { path, unusable } = await findInstalled(program, env);
  if (path) return path;
  const target = cachedPath(program, env);
  await mkdir(dirname(target), { recursive: true });
  await withLock(target, signal, async () => {
    if (await isExecutable(target)) return;
    const failure = await triedDownload(program, target, { env, signal, patience });
    if (failure === undefined) return;
    signal.throwIfAborted();
    const go = await findGo(env);
    if (go.problem !== undefined) throw new Error(missing(program, [...unusable, failure, go.problem]));
    if (failure) say(`${failure}. Building it from tools/${program.folder} instead.`);
    await build(go.path, program, target, { env, signal });
  });
  return target;
}

function write(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Returns `undefined` after a download, else why there was none: '' if there is no release. */
async function triedDownload(program: Program, target: string, options: Required<Omit<ToolOptions, 'say'>>): Promise<string | undefined> {
  const urls = releaseUrls(program, options.env);
  if (!urls) return '';
  try {
    await download(program, urls, target, options);
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `${program.name} ${program.version} was not downloaded: ${reason}`;
  }
}

/** Says why there is no program, and how to install it. */
function missing(program: Program, reasons: string[]): string {
  const { name, install } = program;
  const hints = Object.entries(install).map(([system, hint]) => `  ${system.padEnd(8)} ${fill(hint, program)}`);
  const go = `install Go ${goVersion()} or newer (https://go.dev/doc/install) to build it from tools/`;
  return [
    `${[name, acceptedVersions(program)].filter(Boolean).join(' ')} is missing and cannot be built.`,
    ...reasons.filter(Boolean).map((reason) => `  - ${reason}`),
    ...(hints.length > 0 ? ['Install it:', ...hints, `Or ${go}.`] : [`${go[0]?.toUpperCase()}${go.slice(1)}.`]),
  ].join('\n');
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fill, type Program } from '@sidecart/runner/programs';
import { progress } from './progress.js';
import { root } from './root.js';

/** Lines of a failed build to show. */
const SHOWN_LINES = 20;

/**
 * Builds a program from its Go module in `tools/`, and moves it to `target` once it is complete.
 */
export async function build(
  go: string,
  program: Program,
  target: string,
  { env, signal }: { env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<void> {
  const { name, version, folder, takes, flags } = program;
  const part = `${target}.part`;
  const args = ['build', '-v', '-trimpath', ...flags.map((flag) => fill(flag, program)), '-o', part, program.package];
  const lines: string[] = [];
  const isDownload = (line: string) => line.startsWith('go: downloading');
  const detail = () => {
    const downloads = lines.filter(isDownload).length;
    const compiled = lines.length - downloads;
    return compiled > 0 ? `${compiled} packages compiled` : downloads > 0 ? `${downloads} modules downloaded` : '';
  };
  const done = progress(`Building ${name} ${version} into ${target} (once; about ${takes})`, detail);
  try {
    const child = spawn(go, args, {
      cwd: join(root, 'tools', folder),
      env: { ...env, CGO_ENABLED: '0' },
      stdio: ['ignore', 'ignore', 'pipe'],
      signal,
    });
    createInterface({ input: child.stderr }).on('line', (line) => lines.push(line));
    const [code]: unknown[] = await once(child, 'close');
    if (code !== 0) throw new Error(`${name} could not be built:\n${lines.slice(-SHOWN_LINES).join('\n')}`);
    await rename(part, target);
  } finally {
    done();
    await rm(part, { force: true });
  }
}

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { isNativeError } from 'node:util/types';
import { fill, versionOf, type Program } from '@sidecart/runner/programs';
import { progress } from './progress.js';

const MIB = 1024 * 1024;

interface Patience {
  signal: AbortSignal;
  /** How long the server may stay silent, in ms. */
  patience: number;
}

/**
 * Downloads the release of a program, checks its checksum and its version, and moves it to
 * `target` once it is complete.
 * @throws saying what is wrong
 */
export async function download(
  program: Program,
  { archive, checksums }: { archive: string; checksums: string },
  target: string,
  patience: Patience,
): Promise<void> {
  const expected = checksumOf(basename(archive), await textOf(checksums, patience));
  if (!expected) throw new Error(`${checksums} has no checksum of ${basename(archive)}`);
  const folder = await mkdtemp(`${target}-download-`);
  try {
    const file = join(folder, basename(archive));
    const actual = await save(archive, file, `Downloading ${program.name} ${program.version} from ${archive}`, patience);
    if (actual !== expected) throw new Error(`${archive} has the SHA-256 checksum ${actual} instead of ${expected}, so it is not used`);
    const path = fill(program.release?.program ?? '', program);
    // The tar of Windows extracts zip archives, too.
    await promisify(execFile)('tar', ['-xf', file, '-C', folder, path]);
    const unpacked = join(folder, path);
    await chmod(unpacked, 0o755);
    const version = await versionOf(unpacked, program);
    if (version !== program.version) throw new Error(`the program in ${archive} is ${version ?? 'not one that runs here'}`);
    await rename(unpacked, target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Returns the checksum of a file from lines of `sha256sum`. */
function checksumOf(file: string, text: string): string | undefined {
  const lines = text.split('\n').map((line) => /^([0-9a-f]{64})\s+\*?(\S+)\s*$/i.exec(line));
  return lines.find((line) => line?.[2] === file)?.[1]?.toLowerCase();
}

async function textOf(url: string, patience: Patience): Promise<string> {
  const parts: Buffer[] = [];
  await get(url, patience, async (body) => {
    for await (const chunk of body) parts.push(chunk);
  });
  return Buffer.concat(parts).toString();
}

/** Saves what is at a URL to a file. Returns its SHA-256 checksum in hex. */
async function save(url: string, file: string, what: string, patience: Patience): Promise<string> {
  const hash = createHash('sha256');
  let bytes = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      bytes += chunk.length;
      hash.update(chunk);
      next(null, chunk);
    },
  });
  const done = progress(what, () => `${(bytes / MIB).toFixed(0)} MiB`);
  await get(url, patience, (body) => pipeline(body, counted, createWriteStream(file))).finally(done);
  return hash.digest('hex');
}

/** Requests a URL and passes on its body. Ends when the server is silent for too long. */
async function get(url: string, { signal, patience }: Patience, take: (body: AsyncIterable<Buffer>) => Promise<unknown>): Promise<void> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(new Error(`${url} did not reply within ${patience / 1_000} s`)), patience);
  async function* heard(body: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
    for await (const chunk of body) {
      timer.refresh();
      yield Buffer.from(chunk);
    }
  }
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, silence.signal]) });
    if (!response.ok || !response.body) throw new Error(`${url} replied ${response.status}`);
    await take(heard(response.body));
  } catch (error) {
    silence.signal.throwIfAborted();
    throw networkError(url, error);
  } finally {
    clearTimeout(timer);
  }
}

/** Fetch throws a TypeError, "fetch failed" or "terminated", whose cause says why. */
function networkError(url: string, error: unknown): unknown {
  if (!isNativeError(error) || !isNativeError(error.cause)) return error;
  const reason = 'code' in error.cause ? String(error.cause.code) : error.cause.message;
  const what = error.message === 'terminated' ? `the download of ${url} was interrupted` : `${url} cannot be reached`;
  return new Error(`${what} (${reason})`);
}

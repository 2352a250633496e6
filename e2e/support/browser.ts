/** Chromium, for pictures of pages and tests in a browser. */
import { access, constants } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import packaged, { inflate } from '@sparticuz/chromium';
import { chromium, type Browser, type LaunchOptions } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/**
 * Starts Chromium without a window: the one on PATH or, on Linux x64, the one in node_modules,
 * which is unpacked to `folder`. Throws if there is neither.
 */
export async function openBrowser(folder: string): Promise<Browser> {
  const executablePath = await onPath();
  if (executablePath !== undefined) return chromium.launch({ executablePath });
  if (process.platform === 'linux' && process.arch === 'x64') return chromium.launch(await unpacked(folder));
  throw new Error(`Chromium is not on PATH (${NAMES.join(', ')}). Install it, for example: apt-get install chromium`);
}

async function onPath(): Promise<string | undefined> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  for (const program of NAMES.flatMap((name) => folders.map((each) => join(each, name)))) {
    const isProgram = await access(program, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isProgram) return program;
  }
  return undefined;
}

/**
 * Returns how to launch the packaged Chromium, with the libraries and fonts that a minimal Linux
 * lacks.
 */
async function unpacked(folder: string): Promise<LaunchOptions> {
  const files = join(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')), '..', 'bin');
  const temporary = process.env['TMPDIR'];
  try {
    process.env['TMPDIR'] = folder; // the package unpacks there, and would run a program that it finds there
    const executablePath = await packaged.executablePath(files);
    const libraries = await inflate(join(files, 'al2023.tar.br'));
    return { executablePath, env: { ...process.env, LD_LIBRARY_PATH: join(libraries, 'lib'), XDG_DATA_HOME: folder } };
  } finally {
    if (temporary === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = temporary;
  }
}

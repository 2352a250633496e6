import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { root } from '@sidecart/runner/root';

/**
 * Returns the names of the settings in a file, which look like `NAME: z...` or `NAME: Schema...`.
 */
async function settingsIn(...path: string[]): Promise<string[]> {
  const text = await readFile(join(root, ...path), 'utf8');
  return Array.from(text.matchAll(/^ {2}([A-Z][A-Z_]+):/gm), ([, name = '']) => name);
}

test('the operations guide lists every setting of every service', async () => {
  const services = await readdir(join(root, 'services'));
  const files = [['packages', 'chassis', 'src', 'service', 'config.ts'], ...services.map((name) => ['services', name, 'src', 'config.ts'])];
  const names = (await Promise.all(files.map((path) => settingsIn(...path)))).flat();
  expect(names.length).toBeGreaterThan(25);
  const guide = await readFile(join(root, 'docs', 'operations.md'), 'utf8');
  expect(names.filter((name) => !guide.includes(`\`${name}\``))).toEqual([]);
});

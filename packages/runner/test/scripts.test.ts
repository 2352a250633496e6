import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { root } from '../src/tools/root.js';

const folders = ['k8s', 'scripts', 'tilt'].map(async (folder) => {
  const files = await readdir(join(root, folder), { recursive: true });
  return files.filter((file) => file.endsWith('.mjs')).map((file) => join(folder, file));
});

test.each((await Promise.all(folders)).flat())('%s imports only what packages export', async (file) => {
  const text = await readFile(join(root, file), 'utf8');
  for (const [, name = ''] of text.matchAll(/from '(@sidecart\/[^']+)'/g)) await expect(import(name)).resolves.toBeDefined();
});

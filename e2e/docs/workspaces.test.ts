import { glob, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { expect, test } from '@jest/globals';
import { root } from '@sidecart/runner/root';
import { z } from 'zod';

const Manifest = z.object({
  name: z.string(),
  dependencies: z.record(z.string(), z.string()).default({}),
  devDependencies: z.record(z.string(), z.string()).default({}),
});
const Compiled = z.object({ references: z.array(z.object({ path: z.string() })).default([]) });

async function read<T>(schema: z.ZodType<T>, ...path: string[]): Promise<T> {
  return schema.parse(JSON.parse(await readFile(join(root, ...path), 'utf8')));
}

const { workspaces } = await read(z.object({ workspaces: z.array(z.string()) }), 'package.json');
const folders: string[] = [];
for await (const file of glob(
  workspaces.map((pattern) => `${pattern}/package.json`),
  { cwd: root },
))
  folders.push(join(file, '..'));
const manifests = new Map(
  await Promise.all(folders.map(async (folder) => [folder, await read(Manifest, folder, 'package.json')] as const)),
);
const folderOf = new Map([...manifests].map(([folder, { name }]) => [name, folder]));

async function references(folder: string): Promise<string[]> {
  const { references } = await read(Compiled, folder, 'tsconfig.json');
  return references.map(({ path }) => relative(root, join(root, folder, path))).toSorted();
}

test('the compiler builds every workspace', async () => {
  expect(await references('.')).toEqual(folders.toSorted());
});

// `tsc -b` refuses a cycle of references, and builds a workspace after those it refers to.
test.each([...manifests])('%s refers the compiler to the workspaces it depends on', async (folder, { dependencies, devDependencies }) => {
  const declared = [dependencies, devDependencies].flatMap(Object.keys).flatMap((name) => folderOf.get(name) ?? []);
  expect(await references(folder)).toEqual(declared.toSorted());
});

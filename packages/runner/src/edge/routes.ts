import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';

const Routes = z.record(z.string(), z.array(z.string().regex(/^(\/[\w.-]+)+$/, 'must look like /api/products')));

/** A path that a server could read as another one (dot segments, empty segments, encoded slashes and dots) is never routed. */
const AMBIGUOUS = /\/\/|\\|%2e|%2f|%5c|\/\.{1,2}(\/|$)/i;

/** Reads a list of routes and returns the function that finds the service of a path: longest prefix first, `undefined` where none fits. */
export async function readRoutes(file: string): Promise<(path: string) => string | undefined> {
  const routes = Routes.parse(parse(await readFile(file, 'utf8')));
  const prefixes = Object.entries(routes)
    .flatMap(([service, paths]) => paths.map((path) => ({ service, path })))
    .sort((a, b) => b.path.length - a.path.length);

  return (path) => {
    if (AMBIGUOUS.test(path)) return undefined;
    return prefixes.find((prefix) => path === prefix.path || path.startsWith(`${prefix.path}/`))?.service;
  };
}

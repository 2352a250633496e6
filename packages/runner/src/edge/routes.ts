import type { Services } from '../shop/services.js';

/**
 * Paths that servers may read as another path, and that are never routed: dot segments, empty
 * segments, encoded dots and slashes.
 */
const AMBIGUOUS = /\/\/|\\|%2e|%2f|%5c|\/\.{1,2}(\/|$)/i;

/**
 * Returns a function that finds the service of a public path. The longest prefix wins; without a
 * match it returns `undefined`.
 */
export function routerOf(services: Services): (path: string) => string | undefined {
  const prefixes = Object.entries(services)
    .flatMap(([service, { routes }]) => routes.map((path) => ({ service, path })))
    .sort((a, b) => b.path.length - a.path.length);

  return (path) => {
    if (AMBIGUOUS.test(path)) return undefined;
    return prefixes.find((prefix) => path === prefix.path || path.startsWith(`${prefix.path}/`))?.service;
  };
}

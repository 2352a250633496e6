import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '@sidecart/runner/root';

/** A picture of one pixel, which is `me.png` in the guide. */
export const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

export const readGuide = (): Promise<string> => readFile(join(root, 'docs', 'api.md'), 'utf8');

/**
 * Returns the guide's examples as one script that stops at the first failure, except for the
 * example that shows a refusal.
 */
export function scriptOf(guide: string): string {
  const blocks = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)]
    .map(([, block = '']) => block)
    .filter((block) => !block.startsWith('# not run'));
  const strict = 'curl() { case "$*" in *limit=0*) command curl "$@" ;; *) command curl --fail-with-body "$@" ;; esac; }';
  return [strict, ...blocks].join('\n');
}

/** Returns every route that the guide names, such as `GET /api/orders/{id}`. */
export function routesOf(guide: string): string[] {
  const named = guide.matchAll(/`(GET|POST|PUT|PATCH|DELETE) (\/[^\s`?]+)`/g);
  return [...new Set(Array.from(named, ([, method, path = '']) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`))];
}

/**
 * Returns those of `routes`, such as `GET /api/orders/{id}`, for which the guide has no curl
 * command.
 */
export function routesWithoutCurl(guide: string, routes: readonly string[]): string[] {
  const scripts = Array.from(guide.matchAll(/```sh\n([\s\S]*?)```/g), ([, script = '']) => script.replaceAll('\\\n', ' ')).join('\n');
  const shown = Array.from(
    scripts.matchAll(/curl (?:[^|)\n]*? )??"?\$(?:API|\{API(%\/api)?\})([^\s"?]*)([^|)\n]*)/g),
    ([whole, outside, path = '']) => {
      const method = / -X (\w+)/.exec(whole)?.[1] ?? (/ -[dF] /.test(whole) ? 'POST' : 'GET');
      return `${method} ${outside ? '' : '/api'}${path}`;
    },
  );
  const fitting = shown.map((request) => routes.filter((route) => patternOf(route).test(request)).toSorted(byParameters)[0]);
  return routes.filter((route) => !fitting.includes(route));
}

const patternOf = (route: string) => new RegExp(`^${route.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`);
/**
 * Sorts routes with fewer parameters first, so `/api/users/me` is not taken for `/api/users/{id}`.
 */
const byParameters = (a: string, b: string) => a.split('{').length - b.split('{').length;

/** Returns the numbers of the capabilities in the guide, and of those that it lists as missing. */
export function capabilitiesOf(guide: string): { built: number[]; missing: number[] } {
  const [routes = '', platform = '', missing = ''] = guide.split(/^## (?:The platform|Not built yet)$/m);
  const numbers = (text: string, line: RegExp) => [...text.matchAll(line)].map(([, number]) => Number(number));
  const row = /^\| (\d+) +\|/gm;
  return { built: [...numbers(routes, /^### (\d+) /gm), ...numbers(platform, row)], missing: numbers(missing, row) };
}

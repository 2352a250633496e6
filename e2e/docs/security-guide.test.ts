import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { root } from '@sidecart/runner/root';

/**
 * How many requirements of levels 1 and 2 each section of ASVS 5.0 has. They come first in their
 * section.
 */
const SECTIONS = `
  1.1:2 1.2:9 1.3:11 1.4:3 1.5:2
  2.1:3 2.2:3 2.3:4 2.4:1
  3.2:2 3.3:4 3.4:6 3.5:5 3.7:2
  4.1:3 4.2:1 4.3:2 4.4:4
  5.1:1 5.2:3 5.3:2 5.4:3
  6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4
  7.1:3 7.2:4 7.3:2 7.4:5 7.5:2 7.6:2
  8.1:2 8.2:3 8.3:1 8.4:1
  9.1:3 9.2:4
  10.1:2 10.2:2 10.3:4 10.4:11 10.5:5 10.6:2 10.7:3
  11.1:2 11.2:3 11.3:3 11.4:4 11.5:1 11.6:1
  12.1:3 12.2:2 12.3:4
  13.1:1 13.2:5 13.3:2 13.4:5
  14.1:2 14.2:4 14.3:3
  15.1:3 15.2:3 15.3:7
  16.1:1 16.2:5 16.3:4 16.4:3 16.5:3
  17.1:1 17.2:4 17.3:2
`;

interface Row {
  requirements: string[];
  verdict: string;
  text: string;
  tests: string[];
}

let rows: Row[];
beforeAll(async () => {
  const guide = await readFile(join(root, 'docs', 'security.md'), 'utf8');
  rows = Array.from(
    guide.matchAll(/^\| (\d+\.\d+\.\d+[^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|$/gm),
    ([, ids = '', verdict = '', text = '', tests = '']) => ({
      requirements: ids.trim().split(', ').flatMap(numbered),
      verdict: verdict.trim(),
      text: text.trim(),
      tests: Array.from(tests.matchAll(/`([^`]+)`/g), ([, name = '']) => name),
    }),
  );
});

/** Expands `1.2.6–1.2.8` to three requirements. */
function numbered(range: string): string[] {
  const [first = '', last = first] = range.split('–');
  const section = first.slice(0, first.lastIndexOf('.'));
  const [from, to] = [first, last].map((id) => Number(id.split('.').at(-1)));
  return Array.from({ length: (to ?? 0) - (from ?? 0) + 1 }, (_, n) => `${section}.${(from ?? 0) + n}`);
}

test('the security guide has exactly one verdict for every ASVS requirement of levels 1 and 2', () => {
  const all = Array.from(SECTIONS.matchAll(/(\S+):(\d+)/g), ([, section, count]) => numbered(`${section}.1–${section}.${count}`)).flat();
  expect(all).toHaveLength(253);
  expect(rows.flatMap(({ requirements }) => requirements).toSorted()).toEqual(all.toSorted());
});

test('each verdict is one of five and has a reason', () => {
  const wrong = rows.filter(({ verdict, text }) => !['Met', 'Partly', 'Not met', 'Operator', 'n/a'].includes(verdict) || text === '');
  expect(wrong).toEqual([]);
});

test('every test that the guide names exists', async () => {
  const named = new Set(rows.flatMap(({ tests }) => tests));
  expect(named.size).toBeGreaterThan(30);
  const missing = [];
  for (const name of named) if (!(await exists(name))) missing.push(name);
  expect(missing).toEqual([]);
});

/**
 * `identity/login` is a test of that service or package, in any folder; `e2e/crash/outage` is a
 * path.
 */
async function exists(name: string): Promise<boolean> {
  const [owner = '', ...rest] = name.split('/');
  const file = `/${rest.join('/')}.test.ts`;
  const folders = owner === 'e2e' ? ['e2e'] : [join('services', owner, 'test'), join('packages', owner, 'test')];
  const listed = await Promise.all(folders.map((folder) => readdir(join(root, folder), { recursive: true }).catch(() => [])));
  return listed.flat().some((path) => `/${path}`.endsWith(file));
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { root } from '@sidecart/runner/root';

const read = (path: string) => readFile(join(root, path), 'utf8').catch(() => undefined);

/** A test that the guide quotes. `…` stands for any text. */
interface Quote {
  file: string;
  name: string;
}

const guide = (await read('docs/reliability.md')) ?? '';
const rows = guide.split('\n').filter((line) => /^\| (?!---|Promise )/.test(line));

/** Returns the tests of a row. A quoted name belongs to the file before it. */
function quotesOf(row: string): Quote[] {
  const quotes: Quote[] = [];
  let file = '';
  for (const [, path, name] of row.matchAll(/([\w/-]+\.test\.ts)|"([^"]+)"/g)) {
    file = path ?? file;
    quotes.push({ file, name: name ?? '' });
  }
  return quotes;
}

async function isMissing({ file, name }: Quote): Promise<boolean> {
  const text = (await read(file))?.replaceAll("\\'", "'");
  return text === undefined || name.split(/…|\.\.\.|, (?=…)/).some((part) => !text.includes(part.trim()));
}

test('every promise of the reliability guide names a test', () => {
  expect(rows.length).toBeGreaterThan(50);
  expect(rows.filter((row) => quotesOf(row).length === 0)).toEqual([]);
});

test('every test that the reliability guide quotes exists', async () => {
  const quotes = rows.flatMap(quotesOf);
  const missing = await Promise.all(quotes.map(async (quote) => ((await isMissing(quote)) ? [quote] : [])));
  expect(missing.flat()).toEqual([]);
});

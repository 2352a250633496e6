/**
 * Makes the table of values in the chart's README from the comments in `values.yaml` that begin
 * with `-- `.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { isMap, isPair, isScalar, parseDocument, stringify, type Node, type Pair, type YAMLMap } from 'yaml';
import { CHART } from '../support/chart.js';

export const README = join(CHART, 'README.md');
const START = '<!-- Written by npm run chart-readme from values.yaml. -->';
const TABLE = new RegExp(`${START}[^]*`);
/** For longer defaults, the table refers to `values.yaml`. */
const SHORT = 60;

interface Row {
  name: string;
  description: string | undefined;
  value: unknown;
}

/** Returns the README with an up-to-date table. @throws for a value without a description */
export async function currentReadme(): Promise<string> {
  const rows = rowsOf(await readFile(join(CHART, 'values.yaml'), 'utf8'));
  const bare = rows.filter(({ description }) => description === undefined).map(({ name }) => name);
  if (bare.length > 0) throw new Error(`values.yaml does not describe ${bare.join(', ')}. Add a comment that begins with "# -- ".`);
  const lines = rows.map(({ name, value, description }) => `| \`${name}\` | ${shown(value)} | ${description} |`);
  const table = ['| Value | Default | |', '| --- | --- | --- |', ...lines].join('\n');
  const text = (await readFile(README, 'utf8')).replace(TABLE, `${START}\n\n${table}\n`);
  return format(text, { ...(await resolveConfig(join(CHART, '..', 'README.md'))), parser: 'markdown' });
}

function rowsOf(text: string): Row[] {
  const { contents } = parseDocument(text);
  return isMap(contents) ? rowsIn(contents, '') : [];
}

function rowsIn(map: YAMLMap, prefix: string): Row[] {
  return map.items.filter(isPair).flatMap((pair, index) => {
    const { key, value } = pair as Pair<Node, Node | null>;
    const name = `${prefix}${isScalar(key) ? String(key.value) : ''}`;
    // YAML attaches the comment of a map's first key to the map.
    const description = described(key.commentBefore ?? (index === 0 ? map.commentBefore : undefined));
    const inner = isMap(value) && value.items.length > 0 ? rowsIn(value, `${name}.`) : [];
    const goesDeeper = inner.some((row) => row.description !== undefined);
    if (goesDeeper || (inner.length > 0 && description === undefined)) return inner;
    return [{ name, description, value: value?.toJSON() }];
  });
}

const described = (comment?: string | null) => /(?:^|\n) -- ([^]*)$/.exec(comment ?? '')?.[1]?.replaceAll(/\n\s*/g, ' ');

function shown(value: unknown): string {
  const text = stringify(value, { collectionStyle: 'flow', lineWidth: 0, singleQuote: true }).trim();
  return text.length > SHORT ? 'see `values.yaml`' : `\`${text}\``;
}

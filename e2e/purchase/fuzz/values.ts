import fc from 'fast-check';
import { schemaAt, type Components, type Schema } from '../../support/openapi.js';

/** Values that exist in the shop, by the name of the field or parameter. */
export type Known = Record<string, readonly unknown[]>;

const MAX_DEPTH = 4;

/**
 * Generates values that fit a schema, as far as the generator understands it. `known` values and
 * examples are frequent, so requests pass more checks.
 */
export function fitting(schema: Schema, components: Components, known: Known, name = '', depth = 0): fc.Arbitrary<unknown> {
  const within = (each: Schema, as = name) => fitting(each, components, known, as, depth + 1);
  const { $ref: ref, anyOf, oneOf, allOf, examples = [] } = schema;
  if (ref !== undefined) return within(schemaAt(ref, components));
  const likely = [...(known[name] ?? []), ...examples];
  const built = (): fc.Arbitrary<unknown> => {
    if ('const' in schema) return fc.constant(schema.const);
    if (schema.enum) return fc.constantFrom(...schema.enum);
    const choices = anyOf ?? oneOf;
    if (choices) return fc.oneof(...choices.map((each) => within(each)));
    if (allOf) return fc.tuple(...allOf.map((each) => within(each))).map((parts) => Object.assign({}, ...parts));
    if (schema.properties) return objectOf(schema, within, depth);
    if (schema.items) {
      const maxLength = depth > MAX_DEPTH ? 0 : Math.min(schema.maxItems ?? 3, 3);
      return fc.array(within(schema.items), { minLength: Math.min(schema.minItems ?? 0, maxLength), maxLength });
    }
    return scalar(schema);
  };
  return likely.length > 0 ? fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...likely) }, built()) : built();
}

function objectOf(
  { properties = {}, required = [] }: Schema,
  within: (schema: Schema, name: string) => fc.Arbitrary<unknown>,
  depth: number,
) {
  const names = Object.keys(properties).filter((name) => required.includes(name) || depth <= MAX_DEPTH);
  const fields = Object.fromEntries(names.map((name) => [name, within(properties[name] ?? {}, name)]));
  return fc.record(fields, { requiredKeys: required.filter((name) => names.includes(name)) });
}

function scalar({ type, pattern, minLength = 0, maxLength = 40, minimum, maximum }: Schema): fc.Arbitrary<unknown> {
  const text = () => fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, minLength + 40) });
  const kinds: Record<string, () => fc.Arbitrary<unknown>> = {
    string: () => (pattern === undefined ? text() : matching(pattern)),
    integer: () => fc.integer({ min: Math.max(minimum ?? -1_000, -1e9), max: Math.min(maximum ?? 1_000, 1e9) }),
    number: () => fc.double({ min: minimum ?? -1e6, max: maximum ?? 1e6, noNaN: true }),
    boolean: () => fc.boolean(),
    null: () => fc.constant(null),
  };
  const [kind = ''] = [type ?? ''].flat();
  return kinds[kind]?.() ?? fc.jsonValue({ maxDepth: 2 });
}

/**
 * Falls back to printable text for patterns that fast-check does not support or is slow with, such
 * as Unicode classes.
 */
function matching(pattern: string): fc.Arbitrary<string> {
  const printable = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
  if (/\\p\{/i.test(pattern)) return printable;
  try {
    return fc.stringMatching(new RegExp(pattern), { maxLength: 60 });
  } catch {
    return printable;
  }
}

/** Strings that are known to break programs. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '\0',
    '\ud800',
    '\u202e',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '../../etc/passwd',
    '%00',
    '%FF',
    '${7*7}',
    '{{7*7}}',
    "' OR 1=1 --",
    '<script>alert(1)</script>',
    'a|b',
    'null',
    'NaN',
    '-1',
    '1e400',
    '9'.repeat(400),
    'x'.repeat(5_000),
    '\u{1d4b3}'.repeat(200),
    'e\u0301'.repeat(300),
    '2026-02-30T25:61:00Z',
  ),
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
);

const nested = (depth: number, close: (inner: unknown) => unknown): unknown => Array.from({ length: depth }).reduce(close, null);

/** Marks a number that JSON can express and `number` cannot hold. `asJson` writes it verbatim. */
const RAW = '@raw:';
const rawNumbers = ['1e400', '-1e400', '-0', '1e-400', '9007199254740993', `1${'0'.repeat(400)}`].map((text) => RAW + text);

/** Generates values of any type to use in place of expected ones. */
export const hostile: fc.Arbitrary<unknown> = fc.oneof(
  hostileText,
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 1e21, Number.MAX_SAFE_INTEGER + 2, -Number.MAX_VALUE, ...rawNumbers),
  fc.constantFrom<unknown>(
    [],
    {},
    [[]],
    { ['__proto__']: { admin: true } },
    { ['constructor']: { ['prototype']: { admin: true } } },
    { $gt: '' },
    { length: 1e9 },
    { toString: 1 },
    { toJSON: 'x' },
    Array.from({ length: 2_000 }, (_, n) => n),
    nested(500, (inner) => [inner]),
    nested(500, (inner) => ({ a: inner })),
  ),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Returns the value as JSON text. */
export const asJson = (value: unknown): string => (JSON.stringify(value) ?? 'null').replaceAll(/"@raw:([^"]*)"/g, '$1');

/** Generates values of `base` with one part replaced, removed or added. */
export function mutated(base: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const step = fc.record({ at: fc.nat(), how: fc.constantFrom('replace', 'remove', 'add'), by: hostile, name: hostileText });
  return fc.tuple(base, step).map(([value, { at, how, by, name }]) => {
    const copy: unknown = structuredClone(value);
    const places = placesIn(copy);
    const place = places[at % Math.max(1, places.length)];
    if (!place) return by;
    if (how === 'remove') Reflect.deleteProperty(place.of, place.key);
    else define(place.of, how === 'add' ? name : place.key, by);
    return copy;
  });
}

/** Also sets `__proto__` as an ordinary property. */
const define = (of: object, key: string, value: unknown) =>
  Reflect.defineProperty(of, key, { value, enumerable: true, configurable: true, writable: true });

function placesIn(value: unknown): { of: object; key: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [{ of: value, key }, ...placesIn(inner)]);
}

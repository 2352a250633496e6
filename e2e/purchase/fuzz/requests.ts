import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { Operation } from '../../support/openapi.js';
import { asJson, fitting, hostile, hostileText, mutated, type Known } from './values.js';

/** A caller. The token of `deleted` outlives the account by some minutes. */
export const CALLERS = ['guest', 'customer', 'staff', 'admin', 'deleted'] as const;
export type Caller = (typeof CALLERS)[number];

/** One request as it goes over the wire, without the caller's access token. */
export interface Shot {
  caller: Caller;
  method: string;
  /** Includes the query. Percent-encoded, or malformed on purpose. */
  path: string;
  headers: Record<string, string>;
  body: string | Uint8Array | undefined;
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'PROPFIND'];

/**
 * Generates requests of an operation. Most fit its schemas; the others are wrong in one or more
 * ways.
 */
export function shots(operation: Operation, known: Known): fc.Arbitrary<Shot> {
  return fc
    .record({
      caller: fc.oneof(
        ...CALLERS.map((name) => ({ weight: name === 'admin' || name === 'customer' ? 3 : 1, arbitrary: fc.constant(name) })),
      ),
      method: mostly(fc.constant(operation.method), fc.constantFrom(...METHODS)),
      path: pathOf(operation, known),
      query: queryOf(operation, known),
      headers: headersOf(operation, known),
      content: contentOf(operation, known),
    })
    .map(({ caller, method, path, query, headers, content }) => {
      // HTTP clients send no body with GET or HEAD.
      const bare = method === 'HEAD' || method === 'GET';
      const { body, headers: own } = bare ? { body: undefined, headers: {} } : content;
      return { caller, method, path: path + query, headers: { ...headers, ...own }, body };
    });
}

/** Picks `wrong` once in `n` times. */
const mostly = <T>(right: fc.Arbitrary<T>, wrong: fc.Arbitrary<T>, n = 8): fc.Arbitrary<T> =>
  fc.oneof({ weight: n - 1, arbitrary: right }, { weight: 1, arbitrary: wrong });

/**
 * Percent-encodes any string. A lone surrogate, which `encodeURIComponent` refuses, becomes U+FFFD.
 */
const encoded = (text: unknown): string => encodeURIComponent(Buffer.from(String(text)).toString());

function pathOf({ path, parameters, components }: Operation, known: Known): fc.Arbitrary<string> {
  const names = parameters.filter((each) => each.in === 'path');
  const values = names.map(({ name, schema }) => {
    // The ids in `/api/users/{id}` are stored under `users`.
    const kind = path.split(`/{${name}}`)[0]?.split('/').at(-1) ?? name;
    const likely = known[name] ?? known[kind] ?? [];
    const right = likely.length > 0 ? fc.constantFrom(...likely) : fitting(schema, components, known, name);
    return mostly(right.map(encoded), fc.oneof(hostileText.map(encoded), fc.constantFrom('%FF', '%', '%2F', '%2e%2e', '%00', ';x=1')), 5);
  });
  return fc.tuple(...values).map((all) => names.reduce((rest, { name }, i) => rest.replace(`{${name}}`, () => all[i] ?? ''), path));
}

function queryOf({ parameters, components }: Operation, known: Known): fc.Arbitrary<string> {
  const pairs = parameters
    .filter((each) => each.in === 'query')
    .map(({ name, schema, required }) => {
      const value = mostly<unknown>(fitting(schema, components, known, name), hostileText, 4).map((text) => [`${name}=${encoded(text)}`]);
      return required ? mostly(value, fc.constant<string[]>([])) : fc.oneof(value, fc.constant<string[]>([]));
    });
  const extra = fc.oneof(
    fc.tuple(hostileText, hostileText).map(([name, value]) => [`${encoded(name)}=${encoded(value)}`]),
    fc.constantFrom(['limit=1', 'limit=2'], ['__proto__=1'], ['a[b]=c'], ['%FF=%FF'], ['&&=&']),
  );
  return fc.tuple(...pairs, mostly(fc.constant<string[]>([]), extra, 10)).map((all) => {
    const query = all.flat().join('&');
    return query === '' ? '' : `?${query}`;
  });
}

/** Replaces what cannot be sent in a header: control characters and everything beyond Latin-1. */
const asHeader = (text: unknown): string =>
  String(text)
    .replaceAll(/[^\t\u0020-\u007e\u00a0-\u00ff]/g, '?')
    .trim()
    .slice(0, 4_000);

function headersOf({ parameters, components }: Operation, known: Known): fc.Arbitrary<Record<string, string>> {
  const own = parameters
    .filter((each) => each.in === 'header')
    .map(({ name, schema, required }) => {
      const value = mostly<unknown>(fitting(schema, components, known, name), hostileText).map((text) => ({ [name]: asHeader(text) }));
      return required ? mostly(value, fc.constant({})) : fc.oneof(value, fc.constant({}));
    });
  const names = [
    'x-request-id',
    'cookie',
    'origin',
    'range',
    'if-none-match',
    'accept-encoding',
    'traceparent',
    'user-agent',
    'dapr-api-token',
  ];
  const odd = fc.tuple(fc.constantFrom(...names), hostileText).map(([name, text]) => ({ [name]: asHeader(text) }));
  const tokens = fc.constantFrom('Bearer', 'Bearer x', 'Bearer eyJ0eXAiOiJKV1QifQ.YQ.AA', 'Basic eDp5', 'Bearer ..', 'x'.repeat(4_000));
  const none = fc.constant<Record<string, string>>({});
  return fc
    .tuple(
      fc.ipV4(),
      ...own,
      mostly(none, odd, 6),
      mostly(
        none,
        tokens.map((authorization) => ({ authorization })),
        20,
      ),
    )
    .map(([address, ...parts]) => Object.assign({ 'x-forwarded-for': address }, ...parts));
}

type Content = Pick<Shot, 'headers' | 'body'>;

const json = (body: string | Uint8Array): Content => ({ headers: { 'content-type': 'application/json' }, body });
const typed = (type: string, body: string | Uint8Array): Content => ({ headers: { 'content-type': type }, body });
const NONE: Content = { headers: {}, body: undefined };

function contentOf({ requestBody, components }: Operation, known: Known): fc.Arbitrary<Content> {
  const { 'application/json': body, 'multipart/form-data': form } = requestBody?.content ?? {};
  const wrong = fc.constantFrom(
    NONE,
    json(''),
    json('{'),
    json('null'),
    json('"x"'),
    json('{"a":1,"a":2}'),
    json('{"__proto__":{"admin":true}}'),
    json('['.repeat(5_000)),
    json(`"${'x'.repeat(300_000)}"`),
    json(`{"a":"${'x'.repeat(300_000)}"}`),
    json(Buffer.from([0xff, 0xfe, 0x7b, 0x7d])),
    typed('text/plain', '{}'),
    typed('application/x-www-form-urlencoded', 'a=b'),
    typed('application/json; charset=utf-16', '{}'),
    typed('application/json; charset=klingon', '{}'),
    typed('multipart/form-data', 'x'),
    typed('multipart/form-data; boundary=x', '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'),
    { headers: {}, body: '{}' },
    { ...json(gzipSync('{}')), headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } },
    { ...json('not gzip'), headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } },
    { ...json('{}'), headers: { 'content-type': 'application/json', 'content-encoding': 'rot13' } },
  );
  if (form) return mostly(fc.oneof(...FORMS.map((each) => fc.constant(each))), wrong);
  if (!body?.schema) return mostly(fc.constant(NONE), wrong, 10);
  const right = fitting(body.schema, components, known);
  return fc.oneof(
    { weight: 6, arbitrary: right.map(asJson).map(json) },
    { weight: 4, arbitrary: mutated(right).map(asJson).map(json) },
    { weight: 1, arbitrary: hostile.map(asJson).map(json) },
    { weight: 2, arbitrary: wrong },
  );
}

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const part = (field: string, bytes: Uint8Array, end = '\r\n--x--\r\n'): Content =>
  typed(
    'multipart/form-data; boundary=x',
    Buffer.concat([
      Buffer.from(`--x\r\ncontent-disposition: form-data; name="${field}"; filename="a.png"\r\n\r\n`),
      bytes,
      Buffer.from(end),
    ]),
  );
const FORMS = [
  part('picture', Buffer.from(PIXEL, 'base64')),
  part('picture', Buffer.from(PIXEL, 'base64').subarray(0, 40)),
  part('picture', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')),
  part('picture', Buffer.alloc(0)),
  part('picture', Buffer.from(PIXEL, 'base64'), ''),
  part('__proto__', Buffer.from(PIXEL, 'base64')),
  part('other', Buffer.from('x')),
];

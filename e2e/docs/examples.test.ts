import { expect, test } from '@jest/globals';
import { readExamples } from './examples.js';

const compass = {
  type: 'object',
  properties: { name: { type: 'string', examples: ['Brass compass'] }, price: { $ref: '#/components/schemas/Price' } },
};
const price = { type: 'integer', minimum: 0, examples: [2_500] };

const exampleFaults = (described: unknown) => readExamples(described).faults;

/** Returns a document with one route. */
function document(operation: object, schemas: object = { Price: price, Compass: compass }) {
  return { paths: { '/api/things': { post: { responses: {}, ...operation } } }, components: { schemas } };
}
const json = (schema: object) => ({ content: { 'application/json': { schema } } });
const reply = (schema: object) => ({ responses: { 200: json(schema) } });

test('examples of parts make a complete one, through references, lists and unions', () => {
  const list = { type: 'array', items: { $ref: '#/components/schemas/Compass' } };
  const operation = {
    parameters: [{ name: 'sort', in: 'query', schema: { enum: ['name', 'price'] } }],
    requestBody: json({
      type: 'object',
      properties: { note: { anyOf: [{ type: 'string', examples: ['Ring twice.'] }, { type: 'null' }] } },
    }),
    responses: { 200: json(list), 204: {} },
  };
  expect(exampleFaults(document(operation))).toEqual([]);
});

test.each([
  ['a parameter', { parameters: [{ name: 'q', in: 'query', schema: { type: 'string' } }] }, 'POST /api/things query q has no example'],
  ['a body', { requestBody: json({ type: 'string' }) }, 'POST /api/things body has no example'],
  ['a field', reply({ type: 'object', properties: { at: { type: 'string' } } }), 'POST /api/things 200.at has no example'],
  ['an item', reply({ type: 'array', items: { type: 'integer' } }), 'POST /api/things 200[] has no example'],
  ['a record', reply({ type: 'object', additionalProperties: price }), 'POST /api/things 200 has no example'],
  [
    'one of two',
    reply({ oneOf: [price, { type: 'object', properties: { x: { type: 'string' } } }] }),
    'POST /api/things 200.x has no example',
  ],
  ['nothing known', reply({}), 'POST /api/things 200 has no example'],
])('%s without an example is named', (_what, operation, fault) => {
  expect(exampleFaults(document(operation))).toEqual([fault]);
});

test('a field without an example is found behind a reference', () => {
  const schemas = { Price: { type: 'integer' }, Compass: compass };
  expect(exampleFaults(document(reply({ $ref: '#/components/schemas/Compass' }), schemas))).toEqual([
    'POST /api/things 200.price has no example',
  ]);
});

test('an example must match its schema', () => {
  const [fault, ...others] = exampleFaults(document(reply({ type: 'string', format: 'uuid', examples: ['brass'] })));
  expect(fault).toBe('POST /api/things 200: the example "brass" does not fit: data must match format "uuid"');
  expect(others).toEqual([]);
});

test('parts that match alone must match together', () => {
  const lone = { type: 'object', maxProperties: 1, properties: compass.properties };
  expect(exampleFaults(document(reply(lone)))).toEqual([expect.stringContaining('must NOT have more than 1 properties')]);
});

test('a recursive schema needs an example of one node', () => {
  const Node = {
    type: 'object',
    required: ['children'],
    properties: { children: { type: 'array', items: { $ref: '#/components/schemas/Node' } } },
  };
  expect(exampleFaults(document(reply({ $ref: '#/components/schemas/Node' }), { Node }))).toEqual([]);
});

test('the examples of a route make a request', () => {
  const operation = {
    parameters: [
      { name: 'id', in: 'path', schema: { type: 'string', examples: ['a b'] } },
      { name: 'q', in: 'query', schema: { type: 'string', examples: ['brass comp'] } },
      { name: 'x-cart', in: 'header', schema: { type: 'string', examples: ['c1'] } },
    ],
    requestBody: json({ $ref: '#/components/schemas/Compass' }),
    responses: {},
  };
  const { requests } = readExamples({
    paths: { '/api/things/{id}': { put: operation } },
    components: { schemas: { Price: price, Compass: compass } },
  });
  const body = { name: 'Brass compass', price: 2_500 };
  expect(requests).toEqual([{ method: 'PUT', path: '/api/things/a%20b?q=brass+comp', headers: { 'x-cart': 'c1' }, body }]);
});

test('a form with a file needs no example and makes no request', () => {
  const form = { requestBody: { content: { 'multipart/form-data': { schema: { type: 'object' } } } } };
  expect(readExamples(document(form))).toEqual({ faults: [], requests: [] });
});

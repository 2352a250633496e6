import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { Document, schemaAt, type Described, type Schema } from '../support/openapi.js';

/** A request made of the examples of its parameters and body. `path` includes the query. */
export interface ExampleRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: unknown;
}

/**
 * Returns the requests of an OpenAPI document, and a line for each fault of its examples: a
 * parameter, JSON body or JSON reply without a complete example, or an example that does not match
 * its schema. Examples are composed as Swagger UI does: a schema has one, or its parts have.
 * Constants, enumerations, booleans and defaults need none. Forms carry files, which have none.
 */
export function readExamples(document: unknown): { faults: string[]; requests: ExampleRequest[] } {
  const { paths, components } = Document.parse(document);
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  ajvFormats.default(ajv);
  const faults = new Set<string>();

  function fits(schema: Schema, value: unknown, at: string): void {
    const validate = ajv.compile({ ...schema, components });
    if (!validate(value)) faults.add(`${at}: the example ${JSON.stringify(value)} does not fit: ${ajv.errorsText(validate.errors)}`);
  }

  /** Returns the example of a schema. `within` has the names of the schemas that enclose it. */
  function example(schema: Schema, at: string, within: readonly string[] = []): unknown {
    const { $ref: ref, examples = [], properties, items } = schema;
    for (const each of examples) fits(schema, each, at);
    if (examples.length > 0) return examples[0];
    if (ref !== undefined) return example(schemaAt(ref, components), at, [...within, ref]);
    for (const obvious of ['const', 'default']) if (obvious in schema) return schema[obvious];
    if (schema.enum) return schema.enum[0];
    if (schema.type === 'boolean') return true;
    if (schema.type === 'null') return null;
    if (schema.allOf) return Object.assign({}, ...schema.allOf.map((each) => example(each, at, within)));
    const choices = (schema.anyOf ?? schema.oneOf)?.filter(({ type }) => type !== 'null');
    if (choices) return choices.map((each) => example(each, at, within))[0];
    if (items) return within.includes(items.$ref ?? '') ? [] : [example(items, `${at}[]`, within)]; // ends a recursive schema
    if (properties)
      return Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, example(each, `${at}.${name}`, within)]));
    if (schema.type === 'object' && schema['additionalProperties'] === false) return {};
    faults.add(`${at} has no example`);
    return undefined;
  }

  function whole(schema: Schema | undefined, at: string): unknown {
    if (!schema) return void faults.add(`${at} has no schema`);
    const before = faults.size;
    const value = example(schema, at);
    if (faults.size === before) fits(schema, value, at);
    return value;
  }

  function request(method: string, path: string, { parameters, requestBody, responses }: Described): ExampleRequest | undefined {
    const route = `${method.toUpperCase()} ${path}`;
    const given = (place: string) =>
      parameters.filter((each) => each.in === place).map(({ name, schema }) => [name, String(whole(schema, `${route} ${place} ${name}`))]);
    const filled = given('path').reduce((rest, [name = '', value = '']) => rest.replace(`{${name}}`, encodeURIComponent(value)), path);
    const query = new URLSearchParams(Object.fromEntries(given('query')));
    const headers = Object.fromEntries(given('header'));
    const body = requestBody?.content['application/json'];
    const value = body && whole(body.schema, `${route} body`);
    for (const [status, { content }] of Object.entries(responses))
      for (const [media, { schema }] of Object.entries(content)) if (media.endsWith('json')) whole(schema, `${route} ${status}`);
    const isForm = requestBody !== undefined && !body;
    return isForm
      ? undefined
      : { method: method.toUpperCase(), path: query.size > 0 ? `${filled}?${query.toString()}` : filled, headers, body: value };
  }

  const requests = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => request(method, path, operation)),
  );
  return { faults: [...faults], requests: requests.filter((each) => each !== undefined) };
}

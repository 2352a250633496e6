/** Reads the OpenAPI documents of the services. */
import { z } from 'zod';

/** The JSON Schema keywords that the suites use. Others are kept. */
const Schema = z.looseObject({
  $ref: z.string().optional(),
  type: z.union([z.string(), z.array(z.string())]).optional(),
  format: z.string().optional(),
  pattern: z.string().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  minItems: z.number().optional(),
  maxItems: z.number().optional(),
  const: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  examples: z.array(z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  get properties() {
    return z.record(z.string(), Schema).optional();
  },
  get items() {
    return Schema.optional();
  },
  get anyOf() {
    return z.array(Schema).optional();
  },
  get oneOf() {
    return z.array(Schema).optional();
  },
  get allOf() {
    return z.array(Schema).optional();
  },
});
export type Schema = z.infer<typeof Schema>;

const Content = z.record(z.string(), z.looseObject({ schema: Schema.optional() }));
const Described = z.looseObject({
  summary: z.string().optional(),
  description: z.string().optional(),
  tags: z.array(z.string()).optional(),
  parameters: z
    .array(
      z.looseObject({ name: z.string(), in: z.enum(['path', 'query', 'header']), required: z.boolean().default(false), schema: Schema }),
    )
    .default([]),
  requestBody: z.looseObject({ content: Content }).optional(),
  responses: z.record(z.string(), z.looseObject({ content: Content.default({}) })),
});
export type Described = z.infer<typeof Described>;

export const Document = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), Described)),
  components: z.looseObject({ schemas: z.record(z.string(), Schema).default({}) }),
});

export type Components = z.infer<typeof Document>['components'];

/** Returns the schema that a `$ref` names. Throws if the document has none. */
export function schemaAt(ref: string, { schemas }: Components): Schema {
  const schema = schemas[ref.replace('#/components/schemas/', '')];
  if (!schema) throw new Error(`${ref} is not in the document`);
  return schema;
}

export interface Operation extends Described {
  service: string;
  /** In upper case. */
  method: string;
  /** For example `/api/orders/{id}`. */
  path: string;
  components: Components;
}

export interface DescribedRoute extends Operation {
  /** For example `GET /api/orders/{id}`. */
  route: string;
  /** The numbers of the capabilities that it serves, according to its description. */
  rows: number[];
}

/** Fetches a service's OpenAPI document from the edge at `base`. */
export async function openApiOf(base: string, service: string): Promise<unknown> {
  const answer = await fetch(`${base}/api/docs/${service}/openapi.json`);
  return answer.json();
}

/** Returns the operations of a service's OpenAPI document. */
export function operationsOf(service: string, document: unknown): Operation[] {
  const { paths, components } = Document.parse(document);
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({ ...described, service, method: method.toUpperCase(), path, components })),
  );
}

export const routeOf = ({ method, path }: Operation): string => `${method} ${path}`;

/** Returns the operations of a service's OpenAPI document with the capabilities that they serve. */
export function describedRoutes(service: string, document: unknown): DescribedRoute[] {
  return operationsOf(service, document).map((operation) => {
    const rows = /^Capability ([\d, ]+)\./.exec(operation.description ?? '')?.[1] ?? '';
    return { ...operation, route: routeOf(operation), rows: rows.split(', ').filter(Boolean).map(Number) };
  });
}

/**
 * Returns the operation that serves a request, if any. A literal path wins over one with
 * parameters, and HEAD is served as GET.
 */
export function operationAt(operations: readonly Operation[], method: string, rawPath: string): Operation | undefined {
  const [path = ''] = rawPath.split('?', 1);
  const met = operations.filter((each) => each.method === (method === 'HEAD' ? 'GET' : method) && patternOf(each.path).test(path));
  return met.toSorted((a, b) => a.path.split('{').length - b.path.split('{').length)[0];
}

/** Matches as Express does, which ignores case and a trailing slash. */
const patternOf = (path: string) => new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}/?$`, 'i');

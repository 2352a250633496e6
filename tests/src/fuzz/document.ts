import { z } from 'zod';

/** What the generator understands of a JSON Schema. */
const Schema = z.looseObject({
  $ref: z.string().optional(),
  type: z.union([z.string(), z.array(z.string())]).optional(),
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
  parameters: z
    .array(
      z.looseObject({ name: z.string(), in: z.enum(['path', 'query', 'header']), required: z.boolean().default(false), schema: Schema }),
    )
    .default([]),
  requestBody: z.looseObject({ content: Content }).optional(),
  responses: z.record(z.string(), z.looseObject({ content: Content.default({}) })),
});
const Document = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), Described)),
  components: z.looseObject({ schemas: z.record(z.string(), Schema).default({}) }),
});

export type Components = z.infer<typeof Document>['components'];

export interface Operation extends z.infer<typeof Described> {
  service: string;
  /** In upper case. */
  method: string;
  /** As `/api/orders/{id}`. */
  path: string;
  components: Components;
}

/** Returns the operations of a service's OpenAPI document. */
export function operationsOf(service: string, document: unknown): Operation[] {
  const { paths, components } = Document.parse(document);
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({ ...described, service, method: method.toUpperCase(), path, components })),
  );
}

export const routeOf = ({ method, path }: Operation): string => `${method} ${path}`;

/** Returns the operation that a request meets, if any. A literal path wins over one with parameters; HEAD is a GET. */
export function operationAt(operations: readonly Operation[], method: string, rawPath: string): Operation | undefined {
  const [path = ''] = rawPath.split('?', 1);
  const met = operations.filter((each) => each.method === (method === 'HEAD' ? 'GET' : method) && patternOf(each.path).test(path));
  return met.toSorted((a, b) => a.path.split('{').length - b.path.split('{').length)[0];
}

/** Express ignores a trailing slash and the case of letters. */
const patternOf = (path: string) => new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}/?$`, 'i');

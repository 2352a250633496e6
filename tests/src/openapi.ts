import { z } from 'zod';

const Operation = z.looseObject({
  summary: z.string().optional(),
  description: z.string().optional(),
  tags: z.array(z.string()).optional(),
  responses: z.record(z.string(), z.unknown()),
});
const OpenApi = z.looseObject({ paths: z.record(z.string(), z.record(z.string(), Operation)) });

export interface DescribedRoute extends z.infer<typeof Operation> {
  service: string;
  /** As `GET /api/orders/{id}`. */
  route: string;
  path: string;
  /** The capabilities that it says it serves. */
  rows: number[];
}

/** A service's OpenAPI document, as the edge at `base` shows it. */
export async function openApiOf(base: string, service: string): Promise<unknown> {
  const answer = await fetch(`${base}/api/docs/${service}/openapi.json`);
  return answer.json();
}

/** Every route of a service's OpenAPI document. */
export function describedRoutes(service: string, document: unknown): DescribedRoute[] {
  const { paths } = OpenApi.parse(document);
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => {
      const rows = /^Capability ([\d, ]+)\./.exec(operation.description ?? '')?.[1] ?? '';
      return { ...operation, service, path, route: `${method.toUpperCase()} ${path}`, rows: rows.split(', ').filter(Boolean).map(Number) };
    }),
  );
}

import { z } from 'zod';
import { createDocument, type ZodOpenApiPathsObject } from 'zod-openapi';
import type { Route, Routes } from './routes.js';

const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    instance: z.string(),
    requestId: z.string(),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
    lines: z.array(z.unknown()).optional(),
  })
  .meta({
    id: 'Problem',
    description: 'An error, as RFC 9457 defines it.',
    examples: [
      {
        type: 'https://sidecart.dev/problems/not-found',
        title: 'Not found',
        status: 404,
        detail: 'The order was not found.',
        instance: '/api/orders/2f6b9c84-d1e7-4a05-8c3b-9e0f7a6d5b21',
        requestId: '5f0c0a9e-64f3-4f0e-a8cf-0f35d8f2a1b7',
      },
    ],
  });

/** Returns the OpenAPI 3.1 document of a service's public routes. */
export function openApi(service: string, routes: readonly Routes[]): ReturnType<typeof createDocument> {
  const paths: ZodOpenApiPathsObject = {};
  for (const endpoint of routes.flatMap(({ endpoints }) => endpoints).filter(({ access }) => access !== 'internal')) {
    const path = endpoint.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [endpoint.method]: operation(endpoint) };
  }
  return createDocument({
    openapi: '3.1.0',
    info: { title: `Sidecart ${service}`, version: '1.0.0' },
    paths,
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
  });
}

function operation(endpoint: Route) {
  const { summary, tag, rows, access } = endpoint;
  return {
    summary,
    tags: [tag],
    ...(rows ? { description: `Capability ${rows.join(', ')}.` } : {}),
    ...(access === 'public' ? {} : { security: [{ bearer: [] }] }),
    requestParams: parameters(endpoint),
    ...requestBody(endpoint),
    responses: { ...success(endpoint), ...problems(endpoint) },
  };
}

function requestBody({ body, upload }: Route) {
  if (upload !== undefined) {
    const form = { type: 'object' as const, required: [upload], properties: { [upload]: { type: 'string' as const, format: 'binary' } } };
    return { requestBody: { required: true, content: { 'multipart/form-data': { schema: form } } } };
  }
  return body ? { requestBody: { required: true, content: { 'application/json': { schema: body } } } } : {};
}

function success({ method, reply, replyHeaders, media, status }: Route) {
  const cached = method === 'get' && status === undefined ? { 304: { description: 'Not modified since the ETag in If-None-Match.' } } : {};
  if (media !== undefined) return { 200: { description: 'Success', content: { [media]: {} } }, ...cached };
  const content = reply ? { content: { 'application/json': { schema: reply } } } : {};
  const headers = replyHeaders ? { headers: replyHeaders } : {};
  return { [status ?? (reply ? 200 : 204)]: { description: reply ? 'Success' : 'Done', ...headers, ...content }, ...cached };
}

function parameters({ params, query, headers }: Route) {
  return {
    ...(params instanceof z.ZodObject ? { path: params } : {}),
    ...(query instanceof z.ZodObject ? { query } : {}),
    ...(headers instanceof z.ZodObject ? { header: headers } : {}),
  };
}

const BUSY = new Set([429, 503]);
const RetryAfter = z.object({
  'retry-after': z.int().meta({ description: 'The seconds to wait before the next request.', examples: [1] }),
});

/**
 * Returns the problem responses: those of any route with this access, and those that the route
 * declares.
 */
function problems(endpoint: Route) {
  const { access, body, upload, problems: own = {} } = endpoint;
  const general: Record<number, string> = {
    400: 'A field is missing, malformed or unknown.',
    401: access === 'public' ? 'The access token is invalid. Omit it.' : 'The access token is missing or invalid.',
    ...forbidden(access),
    ...(body || upload !== undefined ? { 413: 'The body is too large.', 415: 'The body has another media type.' } : {}),
    429: 'Too many requests. See Retry-After.',
    503: 'The service is temporarily unavailable. See Retry-After.',
  };
  const codes = new Set([...Object.keys(general), ...Object.keys(own)].map(Number));
  return Object.fromEntries(
    Array.from(codes, (code) => [
      code,
      {
        description: [general[code], own[code]].filter(Boolean).join(' '),
        ...(BUSY.has(code) ? { headers: RetryAfter } : {}),
        content: { 'application/problem+json': { schema: Problem } },
      },
    ]),
  );
}

function forbidden(access: Route['access']): Record<number, string> {
  if (typeof access === 'object') return { 403: `This needs an admin, or staff with the permission ${access.staff}.` };
  return access === 'admin' ? { 403: 'This needs an admin.' } : {};
}

import cors from 'cors';
import type { RequestHandler } from 'express';
import { z } from 'zod';
import type { Routes } from './routes.js';

/** Request headers that every route takes. */
const ALLOWED = ['authorization', 'content-type', 'if-none-match', 'x-request-id', 'traceparent', 'tracestate'];
/** Reply headers that every route may set. */
const EXPOSED = ['x-request-id', 'retry-after', 'ratelimit', 'ratelimit-policy'];

/**
 * Lets pages of these origins call the routes. Allows the request headers that a route declares,
 * and exposes the declared reply headers.
 */
export function crossOrigin(origins: string[], routes: readonly Routes[]): RequestHandler {
  const endpoints = routes.flatMap((each) => each.endpoints);
  return cors({
    origin: origins,
    allowedHeaders: [...new Set([...ALLOWED, ...endpoints.flatMap(({ headers }) => namesOf(headers))])],
    exposedHeaders: [...new Set([...EXPOSED, ...endpoints.flatMap(({ replyHeaders }) => namesOf(replyHeaders))])],
  });
}

const namesOf = (schema: z.ZodType | undefined): string[] => (schema instanceof z.ZodObject ? Object.keys(schema.shape) : []);

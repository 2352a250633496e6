import type { Request } from 'express';
import { HttpError } from './problem.js';
import type { Route } from './routes.js';

/** The media types that count as JSON, in the syntax of `type-is`. */
export const JSON_TYPES = ['json', 'application/*+json'];

/**
 * Throws 415 for a body of a type that the route does not accept, and 400 for a body on a route
 * without one. An empty body passes.
 */
export function checkBody({ body, upload }: Pick<Route, 'body' | 'upload'>, req: Request): void {
  if (!hasContent(req)) return;
  if (upload !== undefined) return expectType(req, 'multipart/form-data', ['multipart/form-data']);
  if (body) return expectType(req, 'application/json', JSON_TYPES);
  throw new HttpError(400, 'unexpected-body', 'This route takes no body.');
}

function expectType(req: Request, name: string, types: string[]): void {
  if (req.is(types)) return;
  throw new HttpError(415, 'unsupported-media-type', `This route takes a body of type ${name}.`, { accept: name });
}

/** A chunked body counts as content, because its length is not known yet. */
const hasContent = ({ headers }: Request) => headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

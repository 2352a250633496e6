import type { ErrorRequestHandler } from 'express';
import { DaprError } from '../dapr/dapr.js';
import { DomainError, type Extras, type Kind } from './errors.js';
import type { Logger } from '../service/logger.js';
import { refusals } from '../telemetry/metrics.js';

/**
 * A request that is invalid as HTTP. Only the HTTP layer throws it; domain rules throw a
 * `DomainError`.
 */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    readonly slug: string,
    detail: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(detail);
    this.name = 'HttpError';
  }
}

const STATUS: Record<Kind, number> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  missing: 404,
  conflict: 409,
  'too-large': 413,
  limited: 429,
  unavailable: 503,
};

const PROBLEMS = 'https://sidecart.dev/problems';

interface Problem {
  status: number;
  slug: string;
  detail: string;
  extras?: Extras;
  headers?: Record<string, string>;
  /** Goes to the log, never to the caller. */
  cause?: unknown;
}

/**
 * Replies to every error with a problem (RFC 9457). Logs unexpected errors, which become 500, and
 * causes.
 */
export function problem(logger: Logger): ErrorRequestHandler {
  return (error: unknown, req, res, _next) => {
    const expected = problemOf(error);
    if (!expected) logger.error({ err: error, requestId: req.id }, 'unexpected error');
    else if (expected.cause) logger.warn({ err: expected.cause, requestId: req.id }, expected.detail);
    if (res.headersSent) return void res.destroy();
    const { status, slug, detail, extras = {}, headers = {} } = expected ?? UNEXPECTED;
    if (expected) refusals.add(1, { slug, route: String(req.route?.path ?? '') });
    const { retryAfter, ...members } = extras;
    res.set(headers);
    if (retryAfter !== undefined) res.setHeader('retry-after', retryAfter);
    if (status === 401) res.setHeader('www-authenticate', 'Bearer');
    const body = {
      type: `${PROBLEMS}/${slug}`,
      title: title(slug),
      status,
      detail,
      instance: req.originalUrl.split('?')[0],
      ...members,
      requestId: req.id,
    };
    res.status(status).type('application/problem+json').send(JSON.stringify(body));
  };
}

const UNEXPECTED: Problem = { status: 500, slug: 'internal', detail: 'Something went wrong on our side. Try again later.' };

/** Returns `undefined` for an error that no rule and no library throws on purpose. */
function problemOf(error: unknown): Problem | undefined {
  if (error instanceof DomainError) {
    const { kind, slug, message: detail, extras, cause } = error;
    return { status: STATUS[kind], slug, detail, extras, cause };
  }
  if (error instanceof HttpError) return { status: error.status, slug: error.slug, detail: error.message, headers: error.headers };
  if (error instanceof DaprError) return { ...UNAVAILABLE, cause: error };
  return isRefusal(error) ? refusal(error) : undefined;
}

/** The sidecar or its store is unavailable. Their error text may name hosts, tables and users. */
const UNAVAILABLE: Problem = {
  status: 503,
  slug: 'unavailable',
  detail: 'The data is unavailable at the moment. Try again.',
  extras: { retryAfter: 1 },
};

interface LibraryRefusal extends Error {
  status: number;
  type?: unknown;
}

/**
 * Returns whether Express or its body parser refused the request. Their errors have a status and
 * `expose`, or are a URIError.
 */
function isRefusal(error: unknown): error is LibraryRefusal {
  if (!(error instanceof Error && 'status' in error && typeof error.status === 'number')) return false;
  const isExposed = 'expose' in error && error.expose === true;
  return error.status >= 400 && error.status < 500 && (isExposed || error instanceof URIError);
}

function refusal({ status, type }: LibraryRefusal): Problem {
  if (status === 413) return { status, slug: 'body-too-large', detail: 'The body is too large.' };
  if (status === 415)
    return { status, slug: 'unsupported-media-type', detail: 'The charset or content encoding of the body is not supported.' };
  if (type === 'entity.parse.failed') return { status: 400, slug: 'malformed-json', detail: 'The body is not a JSON object or array.' };
  return { status: 400, slug: 'malformed-request', detail: 'The path or the body of the request is malformed.' };
}

const title = (slug: string) => slug.charAt(0).toUpperCase() + slug.slice(1).replaceAll('-', ' ');

import type { Permission, User } from '@sidecart/contracts/access-token';
import { Router, type Request, type Response } from 'express';
import { z } from 'zod';
import { permitted, signedIn } from './auth.js';
import { DomainError, type FieldError } from './errors.js';
import { checkBody } from './media.js';

/**
 * Who may call: anyone, anyone who is signed in, staff with a permission and admins, admins only, or
 * other services through their sidecars.
 */
export type Access = 'public' | 'customer' | { staff: Permission } | 'admin' | 'internal';

export interface Endpoint<A extends Access, P, Q, H, B, R> {
  /** One sentence for the API guide. */
  summary: string;
  access: A;
  /** The rows of the table of capabilities that this route serves. */
  rows?: number[];
  /** An object schema with a field for each `:name` in the path. */
  params?: z.ZodType<P>;
  query?: z.ZodType<Q>;
  /** An object schema with header names in lower case. Other headers are ignored. */
  headers?: z.ZodType<H>;
  /** An object schema of headers that the handler sets on `res`, by name in lower case. */
  replyHeaders?: z.ZodObject;
  body?: z.ZodType<B>;
  /** The field of a multipart form that has a file, which the handler reads from `req`. */
  upload?: string;
  reply?: z.ZodType<R>;
  /** The media type of a reply that is not JSON, which the handler sends on `res`. */
  media?: string;
  /**
   * `network` for a route that a provider's servers call for all customers: only the limit of an
   * address for all requests applies.
   */
  limit?: 'network';
  /** The status of a success. By default 200, or 204 without `reply`. */
  status?: number;
  /** The problems of this route, by status, besides those of its access and schemas. */
  problems?: Record<number, string>;
}

export interface Input<A extends Access, P, Q, H, B> {
  params: P;
  query: Q;
  headers: H;
  body: B;
  user: A extends 'public' | 'internal' ? User | undefined : User;
  req: Request;
  res: Response;
}

declare module 'express-serve-static-core' {
  interface Request {
    id: string;
    /** The body as it was received, to verify signatures. */
    rawBody?: Buffer;
    /** Parses the body into `body`. Unset if that has already happened. */
    readJson?: () => Promise<void>;
  }
}

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** An endpoint with its place in the API. */
export interface Route extends Omit<Endpoint<Access, unknown, unknown, unknown, unknown, unknown>, never> {
  method: Method;
  path: string;
  tag: string;
}

export type Routes = ReturnType<typeof routes>;

/**
 * Creates routers whose routes declare their schemas, which validate requests and make up the
 * OpenAPI document. `tag` groups the routes there. Routes with the access `internal` are on a
 * separate router, which only the sidecar can call.
 */
export function routes(tag: string) {
  const router = Router();
  const internal = Router();
  const endpoints: Route[] = [];

  function add(method: Method) {
    return <A extends Access, R, P = unknown, Q = unknown, H = unknown, B = unknown>(
      path: string,
      endpoint: Endpoint<A, P, Q, H, B, R>,
      handle: (input: Input<A, P, Q, H, B>) => Promise<R> | R,
    ) => {
      refuseUnlessNamed(method, path, endpoint.params);
      endpoints.push({ ...endpoint, method, path, tag });
      const status = endpoint.status ?? (endpoint.reply ? 200 : 204);
      const target = endpoint.access === 'internal' ? internal : router;
      target[method](path, async (req, res) => {
        if (endpoint.access !== 'public') res.setHeader('cache-control', 'no-store');
        const user = admitted(endpoint.access, req.user);
        checkBody(endpoint, req);
        if (endpoint.body) await req.readJson?.();
        const input = { ...parseInput(endpoint, req), user, req, res };
        const result = await handle(input as Input<A, P, Q, H, B>);
        if (!res.headersSent) res.status(status).json(result);
      });
    };
  }

  return { router, internal, endpoints, get: add('get'), post: add('post'), put: add('put'), patch: add('patch'), delete: add('delete') };
}

/**
 * Returns the caller, if any. Throws `unauthenticated` or `forbidden` if the access requires more.
 */
function admitted(access: Access, user: User | undefined): User | undefined {
  if (access === 'public' || access === 'internal') return user;
  if (typeof access === 'object') return permitted(user, access.staff);
  const caller = signedIn(user);
  if (access === 'admin' && caller.role !== 'admin') throw new DomainError('forbidden', 'forbidden', 'This needs an admin.');
  return caller;
}

/** Throws unless the schema has exactly the parameters of the path, so every one is validated. */
function refuseUnlessNamed(method: Method, path: string, params: z.ZodType | undefined): void {
  const names = Array.from(path.matchAll(/[:*](\w+)/g), ([, name = '']) => name);
  const declared = params instanceof z.ZodObject ? Object.keys(params.shape) : [];
  if (names.toSorted().join() === declared.toSorted().join()) return;
  throw new TypeError(`${method.toUpperCase()} ${path}: its params schema must name exactly: ${names.join(', ') || 'nothing'}`);
}

const Nothing = z.strictObject({});
const Ignored = z.object({});

function parseInput(endpoint: Pick<Route, 'params' | 'query' | 'headers' | 'body'>, req: Request) {
  const errors: FieldError[] = [];
  function parse(schema: z.ZodType, value: unknown): unknown {
    const { data, error } = schema.safeParse(value);
    for (const issue of error?.issues ?? []) errors.push(...fieldErrors(issue));
    return data;
  }
  const input = {
    params: parse(endpoint.params ?? Nothing, req.params),
    query: parse(endpoint.query ?? Nothing, req.query),
    headers: parse(endpoint.headers ?? Ignored, req.headers),
    body: endpoint.body ? parse(endpoint.body, req.body ?? {}) : undefined,
  };
  if (errors.length > 0)
    throw new DomainError('invalid', 'validation-failed', 'Some fields are missing, malformed or unknown.', { errors });
  return input;
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  const pathOf = (keys: PropertyKey[]) => keys.map(String).join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ field: pathOf([...issue.path, key]), message: 'This field is unknown.' }));
  return [{ field: pathOf(issue.path), message: issue.message }];
}

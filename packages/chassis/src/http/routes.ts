import type { Permission, User } from '@sidecart/contracts/access-token';
import { Router, type Request, type Response } from 'express';
import { z } from 'zod';
import { permitted, signedIn } from './auth.js';
import { DomainError, type FieldError } from './errors.js';
import { checkBody } from './media.js';

/** Who may call: anyone, whoever is signed in, staff with a permission and admins, admins only, or other services through their sidecars. */
export type Access = 'public' | 'customer' | { staff: Permission } | 'admin' | 'internal';

export interface Endpoint<A extends Access, P, Q, H, B, R> {
  /** One sentence for the API guide. */
  summary: string;
  access: A;
  /** Rows of the capability table that this route serves. */
  rows?: number[];
  /** An object schema with one field per `:name` of the path. */
  params?: z.ZodType<P>;
  query?: z.ZodType<Q>;
  /** Header names in lower case; others are ignored. */
  headers?: z.ZodType<H>;
  /** An object schema of headers that the handler sets on `res`, by name in lower case. */
  replyHeaders?: z.ZodObject;
  body?: z.ZodType<B>;
  /** The field of a multipart form that carries a file; the handler reads it from `req`. */
  upload?: string;
  reply?: z.ZodType<R>;
  /** The media type of a reply that is not JSON; the handler sends it on `res`. */
  media?: string;
  /** `network` for a route that a provider's servers call for all customers: only the limit of all requests of an address applies. */
  limit?: 'network';
  /** Of a success; 200 unless told, 204 without `reply`. */
  status?: number;
  /** The problems it may answer beside those of its access and schemas: status -> when. */
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
    /** The body as it came, for signatures over it. */
    rawBody?: Buffer;
    /** Parses the body into `body`; unset if that was done on arrival. */
    readJson?: () => Promise<void>;
  }
}

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

export interface Documented extends Omit<Endpoint<Access, unknown, unknown, unknown, unknown, unknown>, never> {
  method: Method;
  path: string;
  tag: string;
}

export type Routes = ReturnType<typeof routes>;

/**
 * Returns routers whose every route declares its schemas: they check what comes in and make the OpenAPI document. `tag` groups them there.
 * Routes with the access `internal` are on a router of their own, which only the sidecar reaches.
 */
export function routes(tag: string) {
  const router = Router();
  const internal = Router();
  const endpoints: Documented[] = [];

  function add(method: Method) {
    return <A extends Access, R, P = unknown, Q = unknown, H = unknown, B = unknown>(
      path: string,
      endpoint: Endpoint<A, P, Q, H, B, R>,
      handle: (input: Input<A, P, Q, H, B>) => Promise<R> | R,
    ) => {
      checkParams(method, path, endpoint.params);
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

/** The caller, if there is one. Throws `unauthenticated` or `forbidden` where the access asks for more. */
function admitted(access: Access, user: User | undefined): User | undefined {
  if (access === 'public' || access === 'internal') return user;
  if (typeof access === 'object') return permitted(user, access.staff);
  const caller = signedIn(user);
  if (access === 'admin' && caller.role !== 'admin') throw new DomainError('forbidden', 'forbidden', 'This needs an admin.');
  return caller;
}

/** Throws unless the schema names exactly the parameters of the path, so no handler sees one unchecked. */
function checkParams(method: Method, path: string, params: z.ZodType | undefined): void {
  const names = Array.from(path.matchAll(/[:*](\w+)/g), ([, name = '']) => name);
  const declared = params instanceof z.ZodObject ? Object.keys(params.shape) : [];
  if (names.toSorted().join() === declared.toSorted().join()) return;
  throw new TypeError(`${method.toUpperCase()} ${path}: its params schema must name exactly: ${names.join(', ') || 'nothing'}`);
}

const Nothing = z.strictObject({});
const Ignored = z.object({});

function parseInput(endpoint: Pick<Documented, 'params' | 'query' | 'headers' | 'body'>, req: Request) {
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
  const at = (name: PropertyKey[]) => name.map(String).join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ field: at([...issue.path, key]), message: 'This field is not known.' }));
  return [{ field: at(issue.path), message: issue.message }];
}

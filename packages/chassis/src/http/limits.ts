import { isIP } from 'node:net';
import type { Request, RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit, type ClientRateLimitInfo, type Options, type Store } from 'express-rate-limit';
import { DomainError } from './errors.js';

/** Requests per minute that one replica of a service serves; 0 for no limit. */
export interface Limits {
  /** Of one address, without an access token. All requests of one address together may be ten times as many. */
  perAddress: number;
  /** Of one account. */
  perAccount: number;
}

const WINDOW_MS = 60_000;
/** An office or a mobile network is one address with many accounts behind it. */
const SHARED = 10;

/** Limits all requests of one address. Use it before any work is done for a request. */
export const limitNetwork = ({ perAddress }: Limits): RequestHandler =>
  limit({ identifier: 'network', limit: perAddress * SHARED, keyGenerator: placeOf }, 'address');

/** Limits a caller: by account if `req.user` is set, else by address. `exempt` returns whether a request is not counted. */
export function limitCaller({ perAddress, perAccount }: Limits, exempt: (req: Request) => boolean): RequestHandler {
  const account = limit({ identifier: 'account', limit: perAccount, keyGenerator: ({ user }) => String(user?.id) }, 'account');
  const address = limit({ identifier: 'address', limit: perAddress, keyGenerator: placeOf }, 'address');
  return (req, res, next) => {
    if (exempt(req)) return next();
    return (req.user ? account : address)(req, res, next);
  };
}

function limit(options: Partial<Options> & { limit: number }, what: string): RequestHandler {
  if (options.limit === 0) return (_req, _res, next) => next();
  const detail = `This ${what} has sent too many requests. Wait for the seconds in Retry-After.`;
  return rateLimit({
    windowMs: WINDOW_MS,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    store: createCounts(),
    handler: (_req, _res, next) => next(new DomainError('limited', 'rate-limited', detail)), // the library has set Retry-After
    ...options,
  });
}

/** Returns the IPv4 address or the IPv6 /56 prefix. All that is not an address shares one count. */
const placeOf = ({ ip = '' }: Request): string => (isIP(ip) ? ipKeyGenerator(ip) : 'unknown');

/** Counts requests by key, in windows that begin with a key's first request. Above `max` keys it forgets the least recently used. */
export function createCounts({ max = 20_000, windowMs = WINDOW_MS } = {}): Store {
  const windows = new Map<string, { hits: number; ends: number }>();

  function increment(key: string): ClientRateLimitInfo {
    const now = Date.now();
    const known = windows.get(key);
    const window = known && known.ends > now ? known : { hits: 0, ends: now + windowMs };
    window.hits++;
    windows.delete(key); // the map stays in the order of the last request
    windows.set(key, window);
    const [silent = key] = windows.size > max ? windows.keys() : [];
    if (silent !== key) windows.delete(silent);
    return { totalHits: window.hits, resetTime: new Date(window.ends) };
  }

  return {
    localKeys: true,
    increment,
    decrement(key) {
      const window = windows.get(key);
      if (window) window.hits--;
    },
    resetKey: (key) => void windows.delete(key),
  };
}

import { isIP } from 'node:net';
import type { Request, RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit, type ClientRateLimitInfo, type Options, type Store } from 'express-rate-limit';
import { DomainError } from './errors.js';

/** Requests per minute that one replica serves; 0 for no limit. */
export interface Limits {
  /**
   * From one address without an access token. All requests from one address may be ten times as
   * many.
   */
  perAddress: number;
  /** From one account. */
  perAccount: number;
}

const WINDOW_MS = 60_000;
/** An office or a mobile network has one address for many accounts. */
const NETWORK_FACTOR = 10;

/** Limits all requests from one address. Use it before any work is done for a request. */
export const limitNetwork = ({ perAddress }: Limits): RequestHandler =>
  limit({ identifier: 'network', limit: perAddress * NETWORK_FACTOR, keyGenerator: placeOf }, 'address');

/**
 * Limits callers by account if `req.user` is set, else by address. Requests for which `exempt`
 * returns true do not count.
 */
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
    // The library has set Retry-After.
    handler: (_req, _res, next) => next(new DomainError('limited', 'rate-limited', detail)),
    ...options,
  });
}

/**
 * Returns the IPv4 address or the IPv6 /56 prefix. Everything that is not an address shares one
 * count.
 */
const placeOf = ({ ip = '' }: Request): string => (isIP(ip) ? ipKeyGenerator(ip) : 'unknown');

/**
 * Counts requests by key, in windows that begin with the first request of a key. Keeps the `max`
 * most recently used keys.
 */
export function createCounts({ max = 20_000, windowMs = WINDOW_MS } = {}): Store {
  const windows = new Map<string, { hits: number; ends: number }>();

  function increment(key: string): ClientRateLimitInfo {
    const now = Date.now();
    const last = windows.get(key);
    const window = last && last.ends > now ? last : { hits: 0, ends: now + windowMs };
    window.hits++;
    windows.delete(key); // keeps the map in the order of use
    windows.set(key, window);
    const [oldest = key] = windows.size > max ? windows.keys() : [];
    if (oldest !== key) windows.delete(oldest);
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

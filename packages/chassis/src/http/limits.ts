import { isIP } from 'node:net';
import type { Request, RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit, type ClientRateLimitInfo, type Options, type Store } from 'express-rate-limit';
import { DomainError } from './errors.js';

/** Requests per minute that one replica of a service serves; 0 for no limit. */
export interface Limits {
  /** Of one address, without an access token. Everything from one address together may be ten times as much. */
  perAddress: number;
  /** Of one account. */
  perAccount: number;
}

const WINDOW_MS = 60_000;
/** An office or a mobile network is one address with many accounts behind it. */
const SHARED = 10;

/** Limits everything from one address. Belongs before any work is done for a request. */
export const limitNetwork = ({ perAddress }: Limits): RequestHandler =>
  limit({ identifier: 'network', limit: perAddress * SHARED, keyGenerator: placeOf }, 'address');

/** Limits a caller: an account by the user that was verified, anyone else by address. `exempt` tells which requests pass. */
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
    handler: (_req, _res, next) => next(new DomainError('limited', 'rate-limited', detail)), // Retry-After is set by then
    ...options,
  });
}

/** An IPv4 address, or the IPv6 prefix that a provider gives to one customer. What is no address shares one count. */
const placeOf = ({ ip = '' }: Request): string => (isIP(ip) ? ipKeyGenerator(ip) : 'unknown');

/** Counts requests by key in windows that start with a key's first request. Beyond `max` keys it forgets the one that was silent for longest. */
export function createCounts({ max = 50_000, windowMs = WINDOW_MS } = {}): Store {
  const windows = new Map<string, { totalHits: number; resetTime: Date }>();

  function increment(key: string): ClientRateLimitInfo {
    const known = windows.get(key);
    const window = known && known.resetTime.getTime() > Date.now() ? known : { totalHits: 0, resetTime: new Date(Date.now() + windowMs) };
    window.totalHits++;
    windows.delete(key); // so that the map is in the order of the last request
    windows.set(key, window);
    const [silent = key] = windows.size > max ? windows.keys() : [];
    if (silent !== key) windows.delete(silent);
    return window;
  }

  return {
    localKeys: true,
    increment,
    decrement(key) {
      const window = windows.get(key);
      if (window) window.totalHits--;
    },
    resetKey: (key) => void windows.delete(key),
  };
}

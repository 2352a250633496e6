import { key, put, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import { placeOf, type Client } from '../client.js';

export const OUTCOMES = ['signed-in', 'wrong-password', 'wrong-second-factor', 'second-factor-needed', 'refused'] as const;

export interface Login extends Client {
  /** When the last attempt was made. */
  at: string;
  outcome: (typeof OUTCOMES)[number];
  /** How many such attempts were made in a row. */
  times: number;
}

/** A person's last attempts to sign in, newest first, and the places where they succeeded. */
export interface Logins {
  recent: Login[];
  familiar: string[];
}

const MAX_RECENT = 50;
const MAX_FAMILIAR = 10;

export const loginsKey = (userId: string): Key<Logins> => key('logins', userId);

const NONE: Logins = { recent: [], familiar: [] };

export function withLogin({ recent, familiar }: Logins, outcome: Login['outcome'], { address, agent }: Client, now: Date): Logins {
  const [last, ...older] = recent;
  const isRepeat = last?.outcome === outcome && last.address === address && last.agent === agent;
  const login = { at: now.toISOString(), outcome, address, agent, times: isRepeat ? last.times + 1 : 1 };
  const place = placeOf(address);
  const places = [place, ...familiar.filter((each) => each !== place)];
  return {
    recent: [login, ...(isRepeat ? older : recent)].slice(0, MAX_RECENT),
    familiar: outcome === 'signed-in' ? places.slice(0, MAX_FAMILIAR) : familiar,
  };
}

/** Returns whether the account's owner has signed in from this place before. */
export const isFamiliar = (logins: Logins | undefined, { address }: Client): boolean =>
  logins?.familiar.includes(placeOf(address)) ?? false;

/**
 * Returns the write that records an attempt. `ttlSeconds` is for email addresses without an
 * account, whose record expires.
 */
export const noteLogin = (docs: Docs, userId: string, outcome: Login['outcome'], from: Client, now: Date, ttlSeconds?: number): Write =>
  put(loginsKey(userId), withLogin(docs.get(loginsKey(userId)) ?? NONE, outcome, from, now), ttlSeconds);

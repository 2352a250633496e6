import { key, put, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import { Instant } from '@sidecart/contracts/common';
import { z } from 'zod';
import { Client, network } from '../client.js';

export const Login = z
  .object({
    at: Instant.describe('of the last time'),
    outcome: z.enum(['signed-in', 'wrong-password', 'wrong-second-factor', 'second-factor-needed', 'refused']),
    ...Client.shape,
    times: z
      .number()
      .int()
      .meta({ description: 'how often this came one after another', examples: [1] }),
  })
  .meta({ id: 'Login' });
export type Login = z.infer<typeof Login>;

/** A person's last tries to sign in, newest first, and the places where they did. */
export interface Logins {
  recent: Login[];
  familiar: string[];
}

const MAX_RECENT = 50;
const MAX_FAMILIAR = 10;

export const loginsKey = (userId: string): Key<Logins> => key('logins', userId);

const NONE: Logins = { recent: [], familiar: [] };

export function noted({ recent, familiar }: Logins, outcome: Login['outcome'], { address, agent }: Client, at: Date): Logins {
  const [last, ...older] = recent;
  const again = last?.outcome === outcome && last.address === address && last.agent === agent;
  const login = { at: at.toISOString(), outcome, address, agent, times: again ? last.times + 1 : 1 };
  const place = network(address);
  const places = [place, ...familiar.filter((each) => each !== place)];
  return {
    recent: [login, ...(again ? older : recent)].slice(0, MAX_RECENT),
    familiar: outcome === 'signed-in' ? places.slice(0, MAX_FAMILIAR) : familiar,
  };
}

export const isFamiliar = (logins: Logins | undefined, { address }: Client): boolean =>
  logins?.familiar.includes(network(address)) ?? false;

/** The write that notes a try to sign in; with `ttlSeconds` for nobody's account, which leaves nothing for long. */
export const noteLogin = (docs: Docs, userId: string, outcome: Login['outcome'], from: Client, at: Date, ttlSeconds?: number): Write =>
  put(loginsKey(userId), noted(docs.get(loginsKey(userId)) ?? NONE, outcome, from, at), ttlSeconds);

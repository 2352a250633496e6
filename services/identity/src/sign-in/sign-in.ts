import { randomUUID } from 'node:crypto';
import { DomainError } from '@sidecart/chassis/errors';
import type { Change, Docs, Key } from '@sidecart/chassis/state';
import { UserSignedIn } from '@sidecart/contracts/identity';
import { epochOf } from '../accounts/epoch.js';
import { emailNotVerified, type User } from '../accounts/user.js';
import type { Client } from '../client.js';
import type { Keys } from '../keys/keys.js';
import { newSecret, newSession, refreshToken, type Session } from '../sessions/session.js';
import { signedIn } from '../sessions/view.js';
import { openSession, sessionsKey } from '../sessions/store.js';
import { twoFactorKey } from '../two-factor/two-factor.js';
import { methodsOf, newChallenge, putChallenge, type Challenge, type Method } from './challenge.js';
import { loginsKey, noteLogin } from './history.js';

/** Where a sign-in comes from, and the guest cart to merge. */
export interface From extends Client {
  cartSession: string | null;
}

/** What is generated before the change, which may run more than once. */
export interface Prepared {
  id: string;
  secret: string;
  now: Date;
}

export const prepare = (): Prepared => ({ id: randomUUID(), secret: newSecret(), now: new Date() });

export type Outcome = { user: User; session: Session; secret: string } | { challenge: Challenge; methods: Method[]; secret: string };

/** What `afterFirstFactor` and `afterSecondFactor` read. */
export const signInKeys = (userId: string): Key<unknown>[] => [sessionsKey(userId), twoFactorKey(userId), loginsKey(userId)];

export interface SignInSettings {
  STAFF_NEED_TWO_FACTOR: boolean;
  REQUIRE_VERIFIED: 'never' | 'orders' | 'login';
  SESSION_DAYS: number;
}

export type SignIn = ReturnType<typeof createSignIn>;
export type Reply = ReturnType<SignIn['reply']>;

/**
 * The only way to a session, whether it starts with a password or with an identity at a provider.
 */
export function createSignIn({ settings, keys }: { settings: SignInSettings; keys: Keys }) {
  const { STAFF_NEED_TWO_FACTOR, REQUIRE_VERIFIED, SESSION_DAYS: days } = settings;

  /** Returns whether the account needs a second factor even if it has not set one up. */
  const needsTwoFactor = ({ role }: Pick<User, 'role'>): boolean => STAFF_NEED_TWO_FACTOR && role !== 'customer';

  /** Returns the second factors that the account can use. None means that one factor is enough. */
  const methodsFor = (docs: Docs, user: User): Method[] => methodsOf(docs.get(twoFactorKey(user.id)), needsTwoFactor(user));

  /** Returns why the account may not sign in. Only its owner is told. */
  function refusal({ status, verified }: User): DomainError | undefined {
    if (status !== 'active') return new DomainError('forbidden', 'account-suspended', 'This account is suspended.');
    return REQUIRE_VERIFIED === 'login' && !verified ? emailNotVerified() : undefined;
  }

  /** Starts a session, or a challenge if the account needs a second factor. */
  function afterFirstFactor(docs: Docs, user: User, from: From, prepared: Prepared): Change<Outcome | DomainError> {
    const { id, secret, now } = prepared;
    const refused = refusal(user);
    if (refused) return { write: [noteLogin(docs, user.id, 'refused', from, now)], result: refused };
    const methods = methodsFor(docs, user);
    if (methods.length === 0) return startSession(docs, user, from, prepared, false);
    const challenge = newChallenge({ id, userId: user.id, epoch: epochOf(user), cartSession: from.cartSession }, secret, now);
    const noted = noteLogin(docs, user.id, 'second-factor-needed', from, now);
    return { write: [putChallenge(challenge), noted], result: { challenge, methods, secret } };
  }

  /** Starts a session. */
  const afterSecondFactor = (docs: Docs, user: User, from: From, prepared: Prepared): Change<Outcome | DomainError> => {
    const refused = refusal(user);
    return refused ? { result: refused } : startSession(docs, user, from, prepared, true);
  };

  function startSession(docs: Docs, user: User, from: From, { id, secret, now }: Prepared, secondFactor: boolean): Change<Outcome> {
    const { address, agent, cartSession } = from;
    const started = newSession({ id, userId: user.id, secret, secondFactor, days, address, agent }, now);
    const session = { ...started, epoch: epochOf(user) };
    return {
      write: [...openSession(docs, session), noteLogin(docs, user.id, 'signed-in', from, now)],
      events: [UserSignedIn(id, 1, { userId: user.id, cartSession })],
      result: { user, session, secret },
    };
  }

  /** Returns the response to a sign-in: tokens, or a token for the second factor. */
  function reply(outcome: Outcome) {
    if ('session' in outcome) return signedIn(keys, outcome.user, outcome.session, outcome.secret);
    return { twoFactor: { token: refreshToken(outcome.challenge, outcome.secret), methods: outcome.methods } };
  }

  return { afterFirstFactor, afterSecondFactor, reply, needsTwoFactor, methodsFor };
}

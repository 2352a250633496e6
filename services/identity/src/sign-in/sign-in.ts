import { randomUUID } from 'node:crypto';
import { DomainError } from '@sidecart/chassis/errors';
import type { Change, Docs, Key } from '@sidecart/chassis/state';
import { UserSignedIn } from '@sidecart/contracts/identity';
import { z } from 'zod';
import { epochOf } from '../accounts/epoch.js';
import { addressNotVerified, type User } from '../accounts/user.js';
import type { Client } from '../client.js';
import type { Settings } from '../config.js';
import type { Keys } from '../keys/keys.js';
import { begin, newSecret, refreshToken, type Session } from '../sessions/session.js';
import { SignedIn, signedIn } from '../sessions/signed-in.js';
import { openSession, sessionsKey } from '../sessions/store.js';
import {
  methodsOf,
  newChallenge,
  putChallenge,
  twoFactorKey,
  TwoFactorNeeded,
  type Challenge,
  type Method,
} from '../two-factor/challenge.js';
import { loginsKey, noteLogin } from './login.js';

export const SignInReply = z.union([SignedIn, TwoFactorNeeded]);
export type SignInReply = z.infer<typeof SignInReply>;

/** Where a sign-in comes from, and the guest cart that it brings along. */
export interface From extends Client {
  cartSession: string | null;
}

/** What a change must not make itself, since it may run more than once. */
export interface Made {
  id: string;
  secret: string;
  now: Date;
}

export const make = (): Made => ({ id: randomUUID(), secret: newSecret(), now: new Date() });

export type Entered = { user: User; session: Session; secret: string } | { challenge: Challenge; methods: Method[]; secret: string };

/** What `firstFactor` and `secondFactor` read. */
export const signInKeys = (userId: string): Key<unknown>[] => [sessionsKey(userId), twoFactorKey(userId), loginsKey(userId)];

export type SignIn = ReturnType<typeof createSignIn>;

/** The one way to tokens, whatever was shown first: a password, or an identity at a provider. */
export function createSignIn({ settings, keys }: { settings: Settings; keys: Keys }) {
  const { STAFF_NEED_TWO_FACTOR, REQUIRE_VERIFIED, SESSION_DAYS: days } = settings;

  /** Whether the account has to show more than one factor, even if it has set up none. */
  const needsTwoFactor = ({ role }: Pick<User, 'role'>): boolean => STAFF_NEED_TWO_FACTOR && role !== 'customer';

  /** How the account may show its second factor: none if one factor is enough. */
  const methodsFor = (docs: Docs, user: User): Method[] => methodsOf(docs.get(twoFactorKey(user.id)), needsTwoFactor(user));

  /** Why an account may not sign in, which is told to its owner only. */
  function refusal({ status, verified }: User): DomainError | undefined {
    if (status !== 'active') return new DomainError('forbidden', 'account-suspended', 'This account is suspended.');
    return REQUIRE_VERIFIED === 'login' && !verified ? addressNotVerified() : undefined;
  }

  /** Somebody has shown who they are: answers a session, or a challenge where that is not enough. */
  function firstFactor(docs: Docs, user: User, from: From, made: Made): Change<Entered | DomainError> {
    const refused = refusal(user);
    if (refused) return { write: [noteLogin(docs, user.id, 'refused', from, made.now)], result: refused };
    const methods = methodsFor(docs, user);
    if (methods.length === 0) return entered(docs, user, from, made, false);
    const about = { id: made.id, userId: user.id, epoch: epochOf(user), cartSession: from.cartSession };
    const challenge = newChallenge(about, made.secret, made.now);
    const noted = noteLogin(docs, user.id, 'second-factor-needed', from, made.now);
    return { write: [putChallenge(challenge), noted], result: { challenge, methods, secret: made.secret } };
  }

  /** A second factor was shown, too. */
  const secondFactor = (docs: Docs, user: User, from: From, made: Made): Change<Entered | DomainError> => {
    const refused = refusal(user);
    return refused ? { result: refused } : entered(docs, user, from, made, true);
  };

  function entered(docs: Docs, user: User, from: From, { id, secret, now }: Made, bySecondFactor: boolean): Change<Entered> {
    const { address, agent, cartSession } = from;
    const begun = begin({ id, userId: user.id, secret, secondFactor: bySecondFactor, days, address, agent }, now);
    const session = { ...begun, epoch: epochOf(user) };
    return {
      write: [...openSession(docs, session), noteLogin(docs, user.id, 'signed-in', from, now)],
      events: [UserSignedIn(id, 1, { userId: user.id, cartSession })],
      result: { user, session, secret },
    };
  }

  function answer(how: Entered): SignInReply {
    if ('session' in how) return signedIn(keys, how.user, how.session, how.secret);
    return { twoFactor: { token: refreshToken(how.challenge, how.secret), methods: how.methods } };
  }

  return { firstFactor, secondFactor, answer, needsTwoFactor, methodsFor };
}

import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { put, type Docs } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { z } from 'zod';
import { sameEpoch } from '../accounts/epoch.js';
import type { Passwords } from '../accounts/hashing.js';
import { ownerKey, userKey } from '../accounts/store.js';
import { emailKeyOf, type User } from '../accounts/user.js';
import { CurrentPassword, Email } from '../accounts/values.js';
import { clientOf } from '../client.js';
import { noAccount } from '../codes/store.js';
import { putFailure } from '../limits/failures.js';
import { transactOrRefuse } from '../transact-or-refuse.js';
import { attemptKeys, countAttempt, takeBackAttempt } from './guard.js';
import { isFamiliar, loginsKey, noteLogin } from './history.js';
import { CartSession, Login, SignInReply } from './schemas.js';
import { prepare, signInKeys, type From, type SignIn } from './sign-in.js';

const Credentials = z.strictObject({ email: Email, password: CurrentPassword });

/** How long attempts are recorded for an email address without an account. */
const NO_ACCOUNT_SECONDS = 15 * 60;

export interface SignInOptions {
  store: Store;
  passwords: Passwords;
  signIn: SignIn;
}

interface Target {
  userId: string;
  user: User | undefined;
  familiar: boolean;
}

export function signInRoutes({ store, passwords, signIn }: SignInOptions): Routes {
  const auth = routes('auth');

  auth.post(
    '/api/auth/login',
    {
      summary: 'Signs in with email address and password. If a second factor is needed, returns what /api/auth/2fa/verify takes.',
      access: 'public',
      rows: [2],
      headers: CartSession,
      body: Credentials,
      reply: SignInReply,
      problems: {
        401: 'The email address or the password is wrong.',
        403: 'The account is suspended, or its email address must be verified first.',
        429: 'Too many failed attempts. See Retry-After.',
        503: 'Too many people are signing in. See Retry-After.',
      },
    },
    async ({ body: { email, password }, headers, req }) => {
      const from = { ...clientOf(req), cartSession: headers['x-cart-session-id'] ?? null };
      const emailKey = emailKeyOf(email);
      const { userId, user, familiar } = await admit(emailKey, from);
      if (!(await passwords.matches(password, user?.passwordHash)) || !user) {
        await recordFailure(emailKey, userId, user !== undefined, from);
        throw wrongCredentials();
      }
      const { passwordHash } = user;
      const rehashed = passwordHash !== undefined && passwords.isOutdated(passwordHash) ? await passwords.rehash(password) : passwordHash;
      const prepared = prepare();
      const counted = attemptKeys(emailKey, from);
      const outcome = await transactOrRefuse(store, [userKey(userId), counted.pair, counted.account, ...signInKeys(userId)], (docs) => {
        const current = docs.get(userKey(userId));
        if (!current || !sameEpoch(current, user))
          return { write: [noteLogin(docs, userId, 'wrong-password', from, prepared.now)], result: wrongCredentials() };
        const { write = [], events = [], result } = signIn.afterFirstFactor(docs, current, from, prepared);
        const isRehashed = rehashed !== passwordHash && current.passwordHash === passwordHash;
        return {
          write: [
            ...write,
            ...('session' in result ? takeBackAttempt(docs, counted, familiar, prepared.now) : []),
            ...(isRehashed ? [put(userKey(userId), { ...current, passwordHash: rehashed })] : []),
          ],
          events,
          result,
        };
      });
      return signIn.reply(outcome);
    },
  );

  auth.get(
    '/api/users/me/logins',
    {
      summary: 'Lists the last attempts to sign in to your account, newest first.',
      access: 'customer',
      rows: [2],
      reply: z.object({ data: z.array(Login) }),
    },
    async ({ user: { id } }) => ({ data: (await store.read(loginsKey(id)))?.recent ?? [] }),
  );

  /**
   * Counts the attempt and returns the account, if any. Reads and writes the same with and without
   * one.
   */
  function admit(emailKey: string, from: From): Promise<Target> {
    const keys = attemptKeys(emailKey, from);
    return transactOrRefuse(store, [ownerKey(emailKey), ...Object.values(keys)], (docs, now) => {
      const target = targetOf(docs, emailKey, from);
      const counted = countAttempt(docs, keys, target.familiar, now);
      return counted instanceof DomainError ? { result: counted } : { write: counted, result: target };
    });
  }

  function recordFailure(emailKey: string, userId: string, hasAccount: boolean, from: From): Promise<void> {
    const { place } = attemptKeys(emailKey, from);
    return store.transact([place, loginsKey(userId)], (docs, now) => ({
      write: [
        putFailure(docs, 'place', place, now),
        noteLogin(docs, userId, 'wrong-password', from, now, hasAccount ? undefined : NO_ACCOUNT_SECONDS),
      ],
      result: undefined,
    }));
  }

  return auth;
}

const wrongCredentials = () => new DomainError('unauthenticated', 'invalid-credentials', 'The email address or the password is wrong.');

function targetOf(docs: Docs, emailKey: string, from: From): Target {
  const userId = docs.get(ownerKey(emailKey)) ?? noAccount(emailKey);
  docs.all<unknown>([userKey(userId), loginsKey(userId)]); // one load for both
  return { userId, user: docs.get(userKey(userId)), familiar: isFamiliar(docs.get(loginsKey(userId)), from) };
}

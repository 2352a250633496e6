import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { put, type Docs } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { z } from 'zod';
import { sameEpoch } from '../accounts/epoch.js';
import { emailKeyOf, type User } from '../accounts/user.js';
import { clientOf } from '../client.js';
import { nobody } from '../codes/store.js';
import { CartSession, Email, TriedPassword } from '../fields.js';
import type { Passwords } from '../passwords/hashing.js';
import { settle } from '../settle.js';
import { ownerKey, userKey } from '../store.js';
import { putFailed } from '../throttle/tries.js';
import { admit, countedFor, forgive } from './guard.js';
import { isFamiliar, Login, loginsKey, noteLogin } from './login.js';
import { make, signInKeys, SignInReply, type From, type SignIn } from './sign-in.js';

const Credentials = z.strictObject({ email: Email, password: TriedPassword });

const NOBODYS_SECONDS = 15 * 60;

export interface SignInOptions {
  store: Store;
  passwords: Passwords;
  signIn: SignIn;
}

export function signInRoutes({ store, passwords, signIn }: SignInOptions): Routes {
  const auth = routes('auth');

  auth.post(
    '/api/auth/login',
    {
      summary: 'Signs in by address and password; where that is not enough, says what to show at /api/auth/2fa/verify.',
      access: 'public',
      rows: [2],
      headers: CartSession,
      body: Credentials,
      reply: SignInReply,
      problems: {
        401: 'Address and password do not belong together.',
        403: 'The account is suspended, or its address is not proved and must be.',
        429: 'Too many failures: see Retry-After.',
        503: 'Too many are signing in at the moment: see Retry-After.',
      },
    },
    async ({ body: { email, password }, headers, req }) => {
      const from = { ...clientOf(req), cartSession: headers['x-cart-session-id'] ?? null };
      const emailKey = emailKeyOf(email);
      const { userId, user, familiar } = await admitted(emailKey, from);
      if (!(await passwords.matches(password, user?.passwordHash)) || !user) {
        await noteFailure(emailKey, userId, user !== undefined, from);
        throw wrong();
      }
      const { passwordHash } = user;
      const rehashed = passwordHash !== undefined && passwords.isOutdated(passwordHash) ? await passwords.rehash(password) : passwordHash;
      const made = make();
      const counted = countedFor(emailKey, from);
      const entered = await settle(store, [userKey(userId), counted.pair, counted.account, ...signInKeys(userId)], (docs) => {
        const now = docs.get(userKey(userId));
        if (!now || !sameEpoch(now, user)) return { write: [noteLogin(docs, userId, 'wrong-password', from, made.now)], result: wrong() };
        const { write = [], events = [], result } = signIn.firstFactor(docs, now, from, made);
        const renewed = rehashed !== passwordHash && now.passwordHash === passwordHash;
        return {
          write: [
            ...write,
            ...('session' in result ? forgive(docs, counted, familiar, made.now) : []),
            ...(renewed ? [put(userKey(userId), { ...now, passwordHash: rehashed })] : []),
          ],
          events,
          result,
        };
      });
      return signIn.answer(entered);
    },
  );

  auth.get(
    '/api/users/me/logins',
    {
      summary: 'The last tries to sign in to your account, newest first.',
      access: 'customer',
      rows: [2],
      reply: z.object({ data: z.array(Login) }),
    },
    async ({ user: { id } }) => ({ data: (await store.read(loginsKey(id)))?.recent ?? [] }),
  );

  /** The account that is tried, if there is one; what is read and written is the same in both cases. */
  function admitted(emailKey: string, from: From): Promise<{ userId: string; user: User | undefined; familiar: boolean }> {
    const counted = countedFor(emailKey, from);
    const now = new Date();
    return settle(store, [ownerKey(emailKey), ...Object.values(counted)], (docs) => {
      const { userId, user, familiar } = whose(docs, emailKey, from);
      const admission = admit(docs, counted, familiar, now);
      return admission instanceof DomainError ? { result: admission } : { write: admission, result: { userId, user, familiar } };
    });
  }

  function noteFailure(emailKey: string, userId: string, known: boolean, from: From): Promise<void> {
    const { place } = countedFor(emailKey, from);
    const now = new Date();
    return store.transact([place, loginsKey(userId)], (docs) => ({
      write: [
        putFailed(docs, 'place', place, now),
        noteLogin(docs, userId, 'wrong-password', from, now, known ? undefined : NOBODYS_SECONDS),
      ],
      result: undefined,
    }));
  }

  return auth;
}

const wrong = () => new DomainError('unauthenticated', 'invalid-credentials', 'Address and password do not belong together.');

function whose(docs: Docs, emailKey: string, from: From) {
  const userId = docs.get(ownerKey(emailKey)) ?? nobody(emailKey);
  docs.all<unknown>([userKey(userId), loginsKey(userId)]); // one load for both
  return { userId, user: docs.get(userKey(userId)), familiar: isFamiliar(docs.get(loginsKey(userId)), from) };
}

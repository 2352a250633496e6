import { randomUUID } from 'node:crypto';
import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Store } from '@sidecart/chassis/store';
import { UserRegistered, UserSignedIn } from '@sidecart/contracts/identity';
import { z } from 'zod';
import { CartSession, Email, Locale, Name, Password, TriedPassword } from '../fields.js';
import type { Keys } from '../keys/keys.js';
import type { Passwords } from '../passwords/hashing.js';
import { begin, newSecret, type Session } from '../sessions/session.js';
import { SignedIn, signedIn } from '../sessions/signed-in.js';
import { newUser, ownerKey, putSession, userByEmail } from '../store.js';
import { emailKeyOf, register } from '../accounts/user.js';

const Registration = z.strictObject({ email: Email, password: Password, name: Name, locale: Locale.default('en') });
const Credentials = z.strictObject({ email: Email, password: TriedPassword });

const busy = { 503: 'Too many are signing in at the moment: see Retry-After.' };

export interface SignInOptions {
  store: Store;
  passwords: Passwords;
  keys: Keys;
}

export function signInRoutes({ store, passwords, keys }: SignInOptions): Routes {
  const auth = routes('auth');

  auth.post(
    '/api/auth/register',
    {
      summary: 'Makes an account and signs in.',
      access: 'public',
      rows: [1],
      headers: CartSession,
      body: Registration,
      reply: SignedIn,
      status: 201,
      problems: { 409: 'The address has an account.', ...busy },
    },
    async ({ body: { password, ...fields }, headers }) => {
      const passwordHash = await passwords.hash(password);
      const now = new Date();
      const user = register({ ...fields, id: randomUUID(), role: 'customer', passwordHash, verified: false }, now);
      const secret = newSecret();
      const session = begin(randomUUID(), user.id, secret, now);
      const { id: userId, email, name, locale, version } = user;
      const events = [UserRegistered(userId, version, { userId, email, name, locale }), begun(session, headers)];
      await store.transact([ownerKey(user.emailKey)], (docs) => ({
        write: [...newUser(docs, user), putSession(session)],
        events,
        result: undefined,
      }));
      return signedIn(keys, user, session, secret);
    },
  );

  auth.post(
    '/api/auth/login',
    {
      summary: 'Signs in by address and password.',
      access: 'public',
      rows: [2],
      headers: CartSession,
      body: Credentials,
      reply: SignedIn,
      problems: { 401: 'Address and password do not belong together.', 403: 'The account is suspended.', ...busy },
    },
    async ({ body: { email, password }, headers }) => {
      const user = await userByEmail(store, emailKeyOf(email));
      const matches = await passwords.matches(password, user?.passwordHash);
      if (!user || !matches)
        throw new DomainError('unauthenticated', 'invalid-credentials', 'Address and password do not belong together.');
      if (user.status !== 'active') throw new DomainError('forbidden', 'account-suspended', 'This account is suspended.');
      const secret = newSecret();
      const session = begin(randomUUID(), user.id, secret, new Date());
      await store.transact([], () => ({ write: [putSession(session)], events: [begun(session, headers)], result: undefined }));
      return signedIn(keys, user, session, secret);
    },
  );

  return auth;
}

function begun({ id, userId }: Session, headers: z.infer<typeof CartSession>) {
  return UserSignedIn(id, 1, { userId, cartSession: headers['x-cart-session-id'] ?? null });
}

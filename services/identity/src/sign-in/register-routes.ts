import { randomUUID } from 'node:crypto';
import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Store } from '@sidecart/chassis/store';
import { UserRegistered } from '@sidecart/contracts/identity';
import { z } from 'zod';
import { emailKeyOf, owner, register, type User } from '../accounts/user.js';
import { clientOf, type Client } from '../client.js';
import { newSecrets } from '../codes/code.js';
import { noteSent, sending } from '../codes/store.js';
import { Email, Locale, Name, Password } from '../fields.js';
import type { Post } from '../mails.js';
import type { Passwords } from '../passwords/hashing.js';
import { newUser, newUserKeys, ownerKey, userKey } from '../store.js';
import type { Limits } from '../throttle/limits.js';
import { use } from '../throttle/quota.js';
import type { CodeSender } from '../verification/sender.js';

const Registration = z.strictObject({ email: Email, password: Password, name: Name, locale: Locale.default('en') });
const Registered = z.object({ email: Email, status: z.literal('pending') }).meta({ id: 'Registered' });

/** Who gets which mail: nobody where there was one a moment ago. */
interface Outcome {
  made?: User;
  taken?: User | undefined;
}

export interface RegisterOptions {
  store: Store;
  passwords: Passwords;
  codes: CodeSender;
  post: Post;
  limits: Limits;
}

export function registerRoutes({ store, passwords, codes, post, limits }: RegisterOptions): Routes {
  const auth = routes('auth');

  auth.post(
    '/api/auth/register',
    {
      summary: 'Makes an account and mails a code. For an address that has one its owner gets a mail, and the answer is the same.',
      access: 'public',
      rows: [1],
      body: Registration,
      reply: Registered,
      status: 202,
      problems: {
        429: 'Too many registrations from this place or of this address: see Retry-After.',
        503: 'Too many passwords are being hashed: see Retry-After.',
      },
    },
    async ({ body: { password, ...fields }, req }) => {
      await admit(emailKeyOf(fields.email), clientOf(req));
      const passwordHash = await passwords.hash(password);
      const now = new Date();
      const secrets = newSecrets();
      const user = register({ ...fields, id: randomUUID(), role: 'customer', passwordHash, verified: false }, now);
      const { id, email, emailKey } = user;
      const at = ownerKey(emailKey);
      const { made, taken } = await store.transact<Outcome>([...newUserKeys(emailKey), userKey(id)], (docs) => {
        const ownerId = docs.get(at);
        if (ownerId === undefined) {
          const code = sending(docs, { purpose: 'verify-email', holder: id, target: emailKey }, secrets, [], now);
          return {
            write: [...newUser(docs, user), ...code],
            events: [UserRegistered(id, user.version, owner(user))],
            result: { made: user },
          };
        }
        const noted = noteSent(docs, 'already-registered', ownerId, now);
        return typeof noted === 'number' ? { result: {} } : { write: [noted], result: { taken: docs.get(userKey(ownerId)) } };
      });
      if (made) codes.mailLink('verify-email', made, secrets);
      if (taken) post({ template: 'already-registered', to: taken.email, name: taken.name, userId: taken.id });
      return { email, status: 'pending' as const };
    },
  );

  /** Counts a registration before it costs anything. Throws `limited`. */
  async function admit(emailKey: string, from: Client): Promise<void> {
    const now = new Date();
    const quotas = limits.registration(emailKey, from);
    await store.transact(
      quotas.map(({ at }) => at),
      (docs) => {
        const used = use(docs, quotas, now);
        if (used instanceof DomainError) throw used;
        return { write: used, result: undefined };
      },
    );
  }

  return auth;
}

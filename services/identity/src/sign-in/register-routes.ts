import { randomUUID } from 'node:crypto';
import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Store } from '@sidecart/chassis/store';
import { UserRegistered } from '@sidecart/contracts/identity';
import { z } from 'zod';
import type { Passwords } from '../accounts/hashing.js';
import { newUser, newUserKeys, ownerKey, userKey } from '../accounts/store.js';
import { emailKeyOf, owner, register, type User } from '../accounts/user.js';
import { Email, Locale, Name, Password } from '../accounts/values.js';
import { clientOf, type Client } from '../client.js';
import { newSecrets } from '../codes/code.js';
import type { Post } from '../codes/messages.js';
import type { CodeSender } from '../codes/sender.js';
import { countMessage, issueCode } from '../codes/store.js';
import type { Limits } from '../limits/limits.js';
import { useQuotas } from '../limits/quota.js';

const Registration = z.strictObject({ email: Email, password: Password, name: Name, locale: Locale.default('en') });
const Registered = z.object({ email: Email, status: z.literal('pending') }).meta({ id: 'Registered' });

/** Who gets a mail: the new account, the existing one, or neither if that got one a moment ago. */
interface Outcome {
  created?: User;
  existing?: User | undefined;
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
      summary:
        'Creates an account and mails a code. If the email address has an account, its owner gets a mail. The response is the same for any address.',
      access: 'public',
      rows: [1],
      body: Registration,
      reply: Registered,
      status: 202,
      problems: {
        429: 'Too many registrations from this place or of this email address. See Retry-After.',
        503: 'Too many passwords are being hashed. See Retry-After.',
      },
    },
    async ({ body: { password, ...fields }, req }) => {
      await admit(emailKeyOf(fields.email), clientOf(req));
      const passwordHash = await passwords.hash(password);
      const now = new Date();
      const secrets = newSecrets();
      const user = register({ ...fields, id: randomUUID(), role: 'customer', passwordHash, verified: false }, now);
      const { id, email, emailKey } = user;
      const { created, existing } = await store.transact<Outcome>([...newUserKeys(emailKey), userKey(id)], (docs) => {
        const ownerId = docs.get(ownerKey(emailKey));
        if (ownerId === undefined) {
          const code = issueCode(docs, { purpose: 'verify-email', holder: id, target: emailKey }, secrets, [], now);
          return {
            write: [...newUser(docs, user), ...code],
            events: [UserRegistered(id, user.version, owner(user))],
            result: { created: user },
          };
        }
        const counted = countMessage(docs, 'already-registered', ownerId, now);
        return typeof counted === 'number' ? { result: {} } : { write: [counted], result: { existing: docs.get(userKey(ownerId)) } };
      });
      if (created) codes.mailLink('verify-email', created, secrets);
      if (existing) post({ template: 'already-registered', to: existing.email, name: existing.name, userId: existing.id });
      return { email, status: 'pending' as const };
    },
  );

  /** Counts a registration before anything expensive happens. Throws `limited`. */
  async function admit(emailKey: string, from: Client): Promise<void> {
    const quotas = limits.registration(emailKey, from);
    const keys = quotas.map(({ usage }) => usage);
    await store.transact(keys, (docs, now) => {
      const used = useQuotas(docs, quotas, now);
      if (used instanceof DomainError) throw used;
      return { write: used, result: undefined };
    });
  }

  return auth;
}

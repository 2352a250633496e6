import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { put, remove } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { EmailChanged, UserVerified } from '@sidecart/contracts/identity';
import { z } from 'zod';
import { clientOf } from '../client.js';
import { Digits, newSecrets } from '../codes/code.js';
import { codeKey, redeem, sending, sentKey } from '../codes/store.js';
import { Email } from '../fields.js';
import type { Post } from '../mails.js';
import { signedInAccount, signedInKeys, signedInProblems } from '../sessions/account.js';
import { settle } from '../settle.js';
import { stepUpFields, stepUpProblems, type StepUp } from '../sign-in/step-up.js';
import { ownerKey, userKey } from '../store.js';
import type { Limits } from '../throttle/limits.js';
import { emailKeyOf, notVerified, owner, Profile, profile, withEmail } from './user.js';

export interface EmailRoutesOptions {
  store: Store;
  stepUp: StepUp;
  post: Post;
  limits: Limits;
}

/** Changing one's address. */
export function emailRoutes({ store, stepUp, post, limits }: EmailRoutesOptions): Routes {
  const users = routes('users');

  users.post(
    '/api/users/me/email',
    {
      summary: 'Mails a code to your new address. If that has an account, its owner gets a mail, and the answer is the same.',
      access: 'customer',
      rows: [10],
      body: z.strictObject({ email: Email.meta({ examples: ['beatrix@example.com'] }), ...stepUpFields }),
      status: 202,
      problems: { ...stepUpProblems, 429: 'Too many wrong passwords or codes, or too many mails were asked for: see Retry-After.' },
    },
    async ({ body: { email, password, code }, user: caller, req }) => {
      const { id } = caller;
      const from = clientOf(req);
      const confirmed = await stepUp({ caller, from, password, code });
      const secrets = newSecrets();
      const now = new Date();
      const at = ownerKey(emailKeyOf(email));
      const about = { purpose: 'change-email', holder: id, target: email } as const;
      const { name, taken } = await confirmed([at, codeKey('change-email', id), sentKey('change-email', id)], (docs, { user }) => ({
        write: sending(docs, about, secrets, limits.message(about, from), now),
        result: { name: user.name, taken: ![undefined, id].includes(docs.get(at)) },
      }));
      const to = { to: email, name, userId: id };
      post(taken ? { ...to, template: 'already-registered' } : { ...to, template: 'change-email', code: secrets.digits });
    },
  );

  users.post(
    '/api/users/me/email/confirm',
    {
      summary: 'Makes the new address yours by the code that was mailed to it; the old one gets a notice.',
      access: 'customer',
      rows: [10],
      body: z.strictObject({ code: Digits }),
      reply: Profile,
      problems: {
        ...signedInProblems,
        400: 'The code is wrong, was used, or is over.',
        409: 'Meanwhile the address has an account; or you are staff and have not proved your present address.',
        429: 'Too many wrong codes: see Retry-After.',
      },
    },
    ({ body: { code: digits }, user: caller, req }) => {
      const { id } = caller;
      const now = new Date();
      return settle(store, [codeKey('change-email', id), ...signedInKeys(caller)], (docs) => {
        const before = signedInAccount(docs, caller);
        const { code, write } = redeem(docs, { purpose: 'change-email', holder: id, proof: { digits }, from: clientOf(req) }, now);
        if (code instanceof DomainError) return { write, result: code };
        if (!before.verified && before.role !== 'customer')
          return { write, result: notVerified('Prove the present address of your account first.') };
        const user = withEmail(before, code.target);
        const [from, to] = [ownerKey(before.emailKey), ownerKey(user.emailKey)];
        const ownerId = docs.get(to);
        if (ownerId !== undefined && ownerId !== id)
          return { write, result: new DomainError('conflict', 'email-taken', 'There is an account with this address.') };
        const moved = from === to ? [] : [remove(from), put(to, id)];
        const changed = EmailChanged(id, user.version, { ...owner(user), oldEmail: before.email });
        const events = before.verified ? [changed] : [changed, UserVerified(id, user.version, owner(user))];
        return { write: [...write, put(userKey(id), user), ...moved], events, result: profile(user) };
      });
    },
  );

  return users;
}

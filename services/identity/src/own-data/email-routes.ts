import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { put, remove } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { EmailChanged, UserVerified } from '@sidecart/contracts/identity';
import { z } from 'zod';
import { Profile } from '../accounts/schemas.js';
import { ownerKey, userKey } from '../accounts/store.js';
import { emailKeyOf, owner, rightsNeedVerifiedEmail, withEmail } from '../accounts/user.js';
import { Digits, Email } from '../accounts/values.js';
import { profile } from '../accounts/view.js';
import { clientOf } from '../client.js';
import { newSecrets } from '../codes/code.js';
import type { Post } from '../codes/messages.js';
import { codeKey, issueCode, redeem, sentKey } from '../codes/store.js';
import type { Limits } from '../limits/limits.js';
import { signedInAccount, signedInKeys, signedInProblems } from '../sessions/caller.js';
import { stepUpFields } from '../sign-in/schemas.js';
import { stepUpProblems, type StepUp } from '../sign-in/step-up.js';
import { transactOrRefuse } from '../transact-or-refuse.js';

export interface ContactRoutesOptions {
  store: Store;
  stepUp: StepUp;
  post: Post;
  limits: Limits;
}

/** Changes the email address. */
export function emailRoutes({ store, stepUp, post, limits }: ContactRoutesOptions): Routes {
  const users = routes('users');

  users.post(
    '/api/users/me/email',
    {
      summary: 'Mails a code to your new email address. If it has an account, its owner gets a mail instead. The response is the same.',
      access: 'customer',
      rows: [10],
      body: z.strictObject({ email: Email.meta({ examples: ['beatrix@example.com'] }), ...stepUpFields }),
      status: 202,
      problems: { ...stepUpProblems, 429: 'Too many wrong passwords or codes, or too many mails were requested. See Retry-After.' },
    },
    async ({ body: { email, password, code }, user: caller, req }) => {
      const { id } = caller;
      const from = clientOf(req);
      const confirmed = await stepUp({ caller, from, password, code });
      const secrets = newSecrets();
      const newOwner = ownerKey(emailKeyOf(email));
      const subject = { purpose: 'change-email', holder: id, target: email } as const;
      const keys = [newOwner, codeKey('change-email', id), sentKey('change-email', id)];
      const { name, isTaken } = await confirmed(keys, (docs, { user }, now) => ({
        write: issueCode(docs, subject, secrets, limits.message(subject, from), now),
        result: { name: user.name, isTaken: ![undefined, id].includes(docs.get(newOwner)) },
      }));
      const to = { to: email, name, userId: id };
      post(isTaken ? { ...to, template: 'already-registered' } : { ...to, template: 'change-email', code: secrets.digits });
    },
  );

  users.post(
    '/api/users/me/email/confirm',
    {
      summary: 'Changes your email address with the code that was mailed to the new one. The old one gets a notice.',
      access: 'customer',
      rows: [10],
      body: z.strictObject({ code: Digits }),
      reply: Profile,
      problems: {
        ...signedInProblems,
        400: 'The code is wrong, has expired or was already used.',
        409: 'Another account has the email address by now, or you are staff and your current email address is not verified.',
        429: 'Too many wrong codes. See Retry-After.',
      },
    },
    ({ body: { code: digits }, user: caller, req }) => {
      const { id } = caller;
      return transactOrRefuse(store, [codeKey('change-email', id), ...signedInKeys(caller)], (docs, now) => {
        const before = signedInAccount(docs, caller);
        const { code, write } = redeem(docs, { purpose: 'change-email', holder: id, proof: { digits }, from: clientOf(req) }, now);
        if (code instanceof DomainError) return { write, result: code };
        if (!before.verified && before.role !== 'customer')
          return { write, result: rightsNeedVerifiedEmail('Verify your current email address first.') };
        const user = withEmail(before, code.target);
        const [oldOwner, newOwner] = [ownerKey(before.emailKey), ownerKey(user.emailKey)];
        const ownerId = docs.get(newOwner);
        if (ownerId !== undefined && ownerId !== id)
          return { write, result: new DomainError('conflict', 'email-taken', 'There is an account with this email address.') };
        const moved = oldOwner === newOwner ? [] : [remove(oldOwner), put(newOwner, id)];
        const changed = EmailChanged(id, user.version, { ...owner(user), oldEmail: before.email });
        const events = before.verified ? [changed] : [changed, UserVerified(id, user.version, owner(user))];
        return { write: [...write, put(userKey(id), user), ...moved], events, result: profile(user) };
      });
    },
  );

  return users;
}

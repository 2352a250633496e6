import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { put } from '@sidecart/chassis/state';
import { PhoneChanged } from '@sidecart/contracts/identity';
import { Phone } from '@sidecart/contracts/phone';
import { z } from 'zod';
import { Profile } from '../accounts/schemas.js';
import { userKey } from '../accounts/store.js';
import { owner, withPhone, type User } from '../accounts/user.js';
import { Digits } from '../accounts/values.js';
import { profile } from '../accounts/view.js';
import { clientOf } from '../client.js';
import { newSecrets } from '../codes/code.js';
import { codeKey, issueCode, redeem, sentKey } from '../codes/store.js';
import { signedInAccount, signedInKeys, signedInProblems } from '../sessions/caller.js';
import { stepUpFields } from '../sign-in/schemas.js';
import { stepUpProblems } from '../sign-in/step-up.js';
import { transactOrRefuse } from '../transact-or-refuse.js';
import type { ContactRoutesOptions } from './email-routes.js';

/** Changes the phone number. */
export function phoneRoutes({ store, stepUp, post, limits }: ContactRoutesOptions): Routes {
  const users = routes('users');

  users.post(
    '/api/users/me/phone',
    {
      summary: 'Sends a code to your new phone number.',
      access: 'customer',
      rows: [10],
      body: z.strictObject({ phone: Phone, ...stepUpFields }),
      status: 202,
      problems: { ...stepUpProblems, 429: 'Too many wrong passwords or codes, or too many text messages were requested. See Retry-After.' },
    },
    async ({ body: { phone, password, code }, user: caller, req }) => {
      const { id } = caller;
      const from = clientOf(req);
      const confirmed = await stepUp({ caller, from, password, code });
      const secrets = newSecrets();
      const subject = { purpose: 'change-phone', holder: id, target: phone } as const;
      await confirmed([codeKey('change-phone', id), sentKey('change-phone', id)], (docs, _confirmed, now) => ({
        write: issueCode(docs, subject, secrets, limits.message(subject, from), now),
        result: undefined,
      }));
      post({ template: 'change-phone', to: phone, userId: id, code: secrets.digits });
    },
  );

  users.post(
    '/api/users/me/phone/confirm',
    {
      summary: 'Changes your phone number with the code that was sent to it. You get a notice by mail.',
      access: 'customer',
      rows: [10],
      body: z.strictObject({ code: Digits }),
      reply: Profile,
      problems: {
        ...signedInProblems,
        400: 'The code is wrong, has expired or was already used.',
        429: 'Too many wrong codes. See Retry-After.',
      },
    },
    ({ body: { code: digits }, user: caller, req }) => {
      const { id } = caller;
      return transactOrRefuse(store, [codeKey('change-phone', id), ...signedInKeys(caller)], (docs, now) => {
        const before = signedInAccount(docs, caller);
        const { code, write } = redeem(docs, { purpose: 'change-phone', holder: id, proof: { digits }, from: clientOf(req) }, now);
        if (code instanceof DomainError) return { write, result: code };
        const { user, ...change } = changePhone(before, code.target);
        return { ...change, write: [...write, ...change.write], result: profile(user) };
      });
    },
  );

  users.delete(
    '/api/users/me/phone',
    {
      summary: 'Removes your phone number, if you have one.',
      access: 'customer',
      rows: [10],
      body: z.strictObject(stepUpFields),
      problems: stepUpProblems,
    },
    async ({ body: { password, code }, user: caller, req }) => {
      const confirmed = await stepUp({ caller, from: clientOf(req), password, code });
      await confirmed([], (_docs, { user }) =>
        user.phone === null ? { result: undefined } : { ...changePhone(user, null), result: undefined },
      );
    },
  );

  return users;
}

function changePhone(before: User, phone: string | null) {
  const user = withPhone(before, phone);
  return { user, write: [put(userKey(user.id), user)], events: [PhoneChanged(user.id, user.version, { ...owner(user), phone })] };
}

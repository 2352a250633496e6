import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { put } from '@sidecart/chassis/state';
import { PhoneChanged } from '@sidecart/contracts/identity';
import { Phone } from '@sidecart/contracts/notifications';
import { z } from 'zod';
import { clientOf } from '../client.js';
import { Digits, newSecrets } from '../codes/code.js';
import { codeKey, redeem, sending, sentKey } from '../codes/store.js';
import { signedInAccount, signedInKeys, signedInProblems } from '../sessions/account.js';
import { settle } from '../settle.js';
import { stepUpFields, stepUpProblems } from '../sign-in/step-up.js';
import { userKey } from '../store.js';
import type { EmailRoutesOptions } from './email-routes.js';
import { owner, Profile, profile, withPhone, type User } from './user.js';

/** Changing one's phone number. */
export function phoneRoutes({ store, stepUp, post, limits }: EmailRoutesOptions): Routes {
  const users = routes('users');

  users.post(
    '/api/users/me/phone',
    {
      summary: 'Sends a code to your new phone number.',
      access: 'customer',
      rows: [10],
      body: z.strictObject({ phone: Phone, ...stepUpFields }),
      status: 202,
      problems: { ...stepUpProblems, 429: 'Too many wrong passwords or codes, or too many text messages were asked for: see Retry-After.' },
    },
    async ({ body: { phone, password, code }, user: caller, req }) => {
      const { id } = caller;
      const from = clientOf(req);
      const confirmed = await stepUp({ caller, from, password, code });
      const secrets = newSecrets();
      const now = new Date();
      const about = { purpose: 'change-phone', holder: id, target: phone } as const;
      await confirmed([codeKey('change-phone', id), sentKey('change-phone', id)], (docs) => ({
        write: sending(docs, about, secrets, limits.message(about, from), now),
        result: undefined,
      }));
      post({ template: 'change-phone', to: phone, userId: id, code: secrets.digits });
    },
  );

  users.post(
    '/api/users/me/phone/confirm',
    {
      summary: 'Makes the number yours by the code that was sent to it; your address gets a notice.',
      access: 'customer',
      rows: [10],
      body: z.strictObject({ code: Digits }),
      reply: Profile,
      problems: { ...signedInProblems, 400: 'The code is wrong, was used, or is over.', 429: 'Too many wrong codes: see Retry-After.' },
    },
    ({ body: { code: digits }, user: caller, req }) => {
      const { id } = caller;
      const now = new Date();
      return settle(store, [codeKey('change-phone', id), ...signedInKeys(caller)], (docs) => {
        const before = signedInAccount(docs, caller);
        const { code, write } = redeem(docs, { purpose: 'change-phone', holder: id, proof: { digits }, from: clientOf(req) }, now);
        if (code instanceof DomainError) return { write, result: code };
        const { user, ...change } = changed(before, code.target);
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
        user.phone === null ? { result: undefined } : { ...changed(user, null), result: undefined },
      );
    },
  );

  return users;
}

function changed(before: User, phone: string | null) {
  const user = withPhone(before, phone);
  return { user, write: [put(userKey(user.id), user)], events: [PhoneChanged(user.id, user.version, { ...owner(user), phone })] };
}

import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { put, type Docs } from '@sidecart/chassis/state';
import { PhoneChanged } from '@sidecart/contracts/identity';
import { Phone } from '@sidecart/contracts/notifications';
import { z } from 'zod';
import { clientOf } from '../client.js';
import { Digits, newSecrets } from '../codes/code.js';
import { codeKey, redeem, sending, sentKey } from '../codes/store.js';
import { TriedPassword } from '../fields.js';
import { settle } from '../settle.js';
import { account, GONE, userKey } from '../store.js';
import type { EmailRoutesOptions } from './email-routes.js';
import { owner, Profile, profile, withPhone } from './user.js';

/** Changing one's phone number. */
export function phoneRoutes({ store, confirmPassword, post, limits }: EmailRoutesOptions): Routes {
  const users = routes('users');

  users.post(
    '/api/users/me/phone',
    {
      summary: 'Sends a code to your new phone number.',
      access: 'customer',
      rows: [10],
      body: z.strictObject({ phone: Phone, password: TriedPassword }),
      status: 202,
      problems: { 403: 'The password is wrong.', 429: 'Too many text messages were asked for: see Retry-After.' },
    },
    async ({ body: { phone, password }, user: { id }, req }) => {
      const from = clientOf(req);
      await confirmPassword(id, password, from);
      const secrets = newSecrets();
      const now = new Date();
      const about = { purpose: 'change-phone', holder: id, target: phone } as const;
      await store.transact([codeKey('change-phone', id), sentKey('change-phone', id)], (docs) => ({
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
      problems: { 400: 'The code is wrong, was used, or is over.', 429: 'Too many wrong codes: see Retry-After.' },
    },
    ({ body: { code: digits }, user: { id }, req }) => {
      const now = new Date();
      return settle(store, [codeKey('change-phone', id), userKey(id)], (docs) => {
        const { code, write } = redeem(docs, { purpose: 'change-phone', holder: id, proof: { digits }, from: clientOf(req) }, now);
        if (code instanceof DomainError) return { write, result: code };
        const { user, ...change } = changed(docs, id, code.target);
        return { ...change, write: [...write, ...change.write], result: profile(user) };
      });
    },
  );

  users.delete(
    '/api/users/me/phone',
    { summary: 'Removes your phone number, if there is one.', access: 'customer', rows: [10], problems: GONE },
    async ({ user: { id } }) => {
      await store.transact([userKey(id)], (docs) =>
        account(docs, id).phone === null ? { result: undefined } : { ...changed(docs, id, null), result: undefined },
      );
    },
  );

  return users;
}

function changed(docs: Docs, id: string, phone: string | null) {
  const user = withPhone(account(docs, id), phone);
  return { user, write: [put(userKey(id), user)], events: [PhoneChanged(id, user.version, { ...owner(user), phone })] };
}

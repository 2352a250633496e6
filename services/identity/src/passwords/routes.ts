import { DomainError, found } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { put, type Docs } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { PasswordChanged, PasswordResetRequested, UserVerified } from '@sidecart/contracts/identity';
import { z } from 'zod';
import { epochOf } from '../accounts/epoch.js';
import { emailKeyOf, owner, proved, withPassword } from '../accounts/user.js';
import { clientOf } from '../client.js';
import { redeem } from '../codes/store.js';
import { Email, Password, TriedPassword } from '../fields.js';
import { endSessions, putSession, sessionKey, sessionsKey } from '../sessions/store.js';
import { settle } from '../settle.js';
import { dropUnprovenLinks } from '../providers/link.js';
import { stepUpFields, stepUpProblems, type StepUp } from '../sign-in/step-up.js';
import { userKey } from '../store.js';
import { isOneProof, ONE_PROOF, ownersNamed, proofFields, shown } from '../verification/proof.js';
import type { CodeSender } from '../verification/sender.js';
import type { Passwords } from './hashing.js';

const Reset = z
  .strictObject({ ...proofFields, password: Password })
  .refine(isOneProof, ONE_PROOF)
  .meta({ examples: [{ email: 'bea@example.com', code: '402817', password: 'eight blue kettles' }] });
const Change = z.strictObject({
  currentPassword: TriedPassword,
  newPassword: Password.meta({ examples: ['nine old lanterns'] }),
  code: stepUpFields.code,
});

const busy = { 503: 'Too many passwords are being hashed: see Retry-After.' };

export interface PasswordRoutesOptions {
  store: Store;
  passwords: Passwords;
  stepUp: StepUp;
  codes: CodeSender;
}

export function passwordRoutes({ store, passwords, stepUp, codes }: PasswordRoutesOptions): Routes {
  const auth = routes('auth');

  auth.post(
    '/api/auth/password',
    {
      summary: 'Changes your password, and signs your other devices out.',
      access: 'customer',
      rows: [6],
      body: Change,
      problems: stepUpProblems,
    },
    async ({ body: { currentPassword, newPassword, code }, user: caller, req }) => {
      const { id, sessionId } = caller;
      const confirmed = await stepUp({ caller, from: clientOf(req), password: currentPassword, code });
      const passwordHash = await passwords.hash(newPassword);
      await confirmed([sessionsKey(id)], (docs, { user: before }) => {
        const user = withPassword(before, passwordHash);
        const session = found(docs.get(sessionKey(sessionId)), 'Your session');
        return {
          write: [put(userKey(id), user), ...endSessions(docs, id, [sessionId]), putSession({ ...session, epoch: epochOf(user) })],
          events: [PasswordChanged(id, user.version, owner(user))],
          result: undefined,
        };
      });
    },
  );

  auth.post(
    '/api/auth/password-reset',
    {
      summary: 'Sends a code to the address, if it has an account; the answer is the same for any.',
      access: 'public',
      rows: [5],
      body: z.strictObject({ email: Email }),
      status: 202,
      problems: { 429: 'Too many mails were asked for: see Retry-After.' },
    },
    ({ body: { email }, req }) =>
      codes.toAddress('reset-password', emailKeyOf(email), clientOf(req), (user) => ({
        events: [PasswordResetRequested(user.id, user.version, owner(user))],
      })),
  );

  auth.post(
    '/api/auth/password-reset/confirm',
    {
      summary: "Sets a new password by the mail's code or the token of its link, and signs every device out. The address is proved by it.",
      access: 'public',
      rows: [5],
      body: Reset,
      problems: { 400: 'The code is wrong, was used, or is over.', 429: 'Too many wrong codes: see Retry-After.', ...busy },
    },
    async ({ body: { password, ...proof }, req }) => {
      const now = new Date();
      const redeemed = (docs: Docs) => redeem(docs, shown(docs, 'reset-password', proof, clientOf(req)), now);
      // A wrong code is refused before the password is hashed; a right one is not used up while the hash may still be refused.
      await settle(store, ownersNamed(proof), (docs) => {
        const { code, write } = redeemed(docs);
        return code instanceof DomainError ? { write, result: code } : { result: undefined };
      });
      const passwordHash = await passwords.hash(password);
      await settle(store, ownersNamed(proof), (docs) => {
        const { code, write } = redeemed(docs);
        if (code instanceof DomainError) return { write, result: code };
        const known = docs.get(userKey(code.holder));
        if (!known || known.emailKey !== code.target)
          return { write, result: new DomainError('missing', 'not-found', 'The account was not found.') };
        const user = withPassword(known.verified ? known : proved(known), passwordHash);
        const changed = PasswordChanged(user.id, user.version, owner(user));
        const dropped = dropUnprovenLinks(docs, user);
        return {
          write: [...write, put(userKey(user.id), user), ...endSessions(docs, user.id), ...dropped.write],
          events: [...(known.verified ? [] : [UserVerified(user.id, user.version, owner(user))]), changed, ...dropped.events],
          result: undefined,
        };
      });
    },
  );

  return auth;
}

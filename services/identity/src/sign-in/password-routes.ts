import { DomainError, found } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { put, type Docs } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { PasswordChanged, PasswordResetRequested, UserVerified } from '@sidecart/contracts/identity';
import { z } from 'zod';
import { epochOf } from '../accounts/epoch.js';
import type { Passwords } from '../accounts/hashing.js';
import { dropUnverifiedLinks } from '../accounts/links.js';
import { userKey } from '../accounts/store.js';
import { emailKeyOf, owner, withPassword, withVerifiedEmail } from '../accounts/user.js';
import { CurrentPassword, Email, Password } from '../accounts/values.js';
import { clientOf } from '../client.js';
import { isOneProof, proofKeys, redemptionOf } from '../codes/proof.js';
import { ONE_PROOF, proofFields } from '../codes/schemas.js';
import type { CodeSender } from '../codes/sender.js';
import { redeem } from '../codes/store.js';
import { endSessions, putSession, sessionKey, sessionsKey } from '../sessions/store.js';
import { transactOrRefuse } from '../transact-or-refuse.js';
import { stepUpFields } from './schemas.js';
import { stepUpProblems, type StepUp } from './step-up.js';

const Reset = z
  .strictObject({ ...proofFields, password: Password })
  .refine(isOneProof, ONE_PROOF)
  .meta({ examples: [{ email: 'bea@example.com', code: '402817', password: 'eight blue kettles' }] });
const Change = z.strictObject({
  currentPassword: CurrentPassword,
  newPassword: Password.meta({ examples: ['nine old lanterns'] }),
  code: stepUpFields.code,
});

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
      summary: 'Changes your password and ends your other sessions.',
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
      summary: 'Mails a code if the email address has an account. The response is the same for any address.',
      access: 'public',
      rows: [5],
      body: z.strictObject({ email: Email }),
      status: 202,
      problems: { 429: 'Too many mails were requested. See Retry-After.' },
    },
    ({ body: { email }, req }) =>
      codes.mailCode('reset-password', emailKeyOf(email), clientOf(req), (user) => ({
        events: [PasswordResetRequested(user.id, user.version, owner(user))],
      })),
  );

  auth.post(
    '/api/auth/password-reset/confirm',
    {
      summary:
        'Sets a new password with the code that was mailed or the token of the link. Ends all sessions and verifies the email address.',
      access: 'public',
      rows: [5],
      body: Reset,
      problems: {
        400: 'The code is wrong, has expired or was already used.',
        429: 'Too many wrong codes. See Retry-After.',
        503: 'Too many passwords are being hashed. See Retry-After.',
      },
    },
    async ({ body: { password, ...proof }, req }) => {
      const redeemed = (docs: Docs, now: Date) => redeem(docs, redemptionOf(docs, 'reset-password', proof, clientOf(req)), now);
      // A wrong code is refused before the password is hashed. A right one is not used up yet,
      // since the hash may be refused.
      await transactOrRefuse(store, proofKeys(proof), (docs, now) => {
        const { code, write } = redeemed(docs, now);
        return code instanceof DomainError ? { write, result: code } : { result: undefined };
      });
      const passwordHash = await passwords.hash(password);
      await transactOrRefuse(store, proofKeys(proof), (docs, now) => {
        const { code, write } = redeemed(docs, now);
        if (code instanceof DomainError) return { write, result: code };
        const before = docs.get(userKey(code.holder));
        if (!before || before.emailKey !== code.target)
          return { write, result: new DomainError('missing', 'not-found', 'The account was not found.') };
        const user = withPassword(before.verified ? before : withVerifiedEmail(before), passwordHash);
        const changed = PasswordChanged(user.id, user.version, owner(user));
        const dropped = dropUnverifiedLinks(docs, user);
        return {
          write: [...write, put(userKey(user.id), user), ...endSessions(docs, user.id), ...dropped.write],
          events: [...(before.verified ? [] : [UserVerified(user.id, user.version, owner(user))]), changed, ...dropped.events],
          result: undefined,
        };
      });
    },
  );

  return auth;
}

import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { put } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { UserVerified } from '@sidecart/contracts/identity';
import { z } from 'zod';
import { Profile } from '../accounts/schemas.js';
import { userKey } from '../accounts/store.js';
import { emailKeyOf, owner, withVerifiedEmail } from '../accounts/user.js';
import { Email } from '../accounts/values.js';
import { profile } from '../accounts/view.js';
import { clientOf } from '../client.js';
import { endSessions } from '../sessions/store.js';
import { transactOrRefuse } from '../transact-or-refuse.js';
import { isOneProof, proofKeys, redemptionOf } from './proof.js';
import { ONE_PROOF, proofFields } from './schemas.js';
import type { CodeSender } from './sender.js';
import { redeem } from './store.js';

const Confirmation = z
  .strictObject(proofFields)
  .refine(isOneProof, ONE_PROOF)
  .meta({ examples: [{ email: 'bea@example.com', code: '402817' }] });

/** Verifies that an email address belongs to the person who registered it. */
export function verificationRoutes({ store, codes }: { store: Store; codes: CodeSender }): Routes {
  const auth = routes('auth');

  auth.post(
    '/api/auth/email-verification',
    {
      summary: 'Mails a new code if the email address has an account and is not verified. The response is the same for any address.',
      access: 'public',
      rows: [4],
      body: z.strictObject({ email: Email }),
      status: 202,
      problems: { 429: 'Too many mails were requested. See Retry-After.' },
    },
    ({ body: { email }, req }) =>
      codes.mailCode('verify-email', emailKeyOf(email), clientOf(req), ({ verified }) => (verified ? undefined : {})),
  );

  auth.post(
    '/api/auth/email-verification/confirm',
    {
      summary: 'Verifies an email address with the code that was mailed or the token of the link. New access tokens say so.',
      access: 'public',
      rows: [4],
      body: Confirmation,
      reply: Profile,
      problems: { 400: 'The code is wrong, has expired or was already used.', 429: 'Too many wrong codes. See Retry-After.' },
    },
    ({ body, req }) =>
      transactOrRefuse(store, proofKeys(body), (docs, now) => {
        const { code, write } = redeem(docs, redemptionOf(docs, 'verify-email', body, clientOf(req)), now);
        if (code instanceof DomainError) return { write, result: code };
        const user = docs.get(userKey(code.holder));
        if (!user || user.emailKey !== code.target)
          return { write, result: new DomainError('missing', 'not-found', 'The account was not found.') };
        const verified = withVerifiedEmail(user);
        // The rights of staff take effect now, and not in sessions from before.
        const ended = user.role === 'customer' ? [] : endSessions(docs, user.id);
        return {
          write: [...write, put(userKey(user.id), verified), ...ended],
          events: [UserVerified(user.id, verified.version, owner(verified))],
          result: profile(verified),
        };
      }),
  );

  return auth;
}

import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { put } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { UserVerified } from '@sidecart/contracts/identity';
import { z } from 'zod';
import { emailKeyOf, owner, Profile, profile, proved } from '../accounts/user.js';
import { clientOf } from '../client.js';
import { redeem } from '../codes/store.js';
import { Email } from '../fields.js';
import { endSessions } from '../sessions/store.js';
import { settle } from '../settle.js';
import { userKey } from '../store.js';
import { isOneProof, ONE_PROOF, ownersNamed, proofFields, shown } from './proof.js';
import type { CodeSender } from './sender.js';

const Confirmation = z
  .strictObject(proofFields)
  .refine(isOneProof, ONE_PROOF)
  .meta({ examples: [{ email: 'bea@example.com', code: '402817' }] });

/** Proving that an address is one's own. */
export function verificationRoutes({ store, codes }: { store: Store; codes: CodeSender }): Routes {
  const auth = routes('auth');

  auth.post(
    '/api/auth/email-verification',
    {
      summary: 'Sends a new code to the address, if it has an account and is not proved; the answer is the same for any.',
      access: 'public',
      rows: [4],
      body: z.strictObject({ email: Email }),
      status: 202,
      problems: { 429: 'Too many mails were asked for: see Retry-After.' },
    },
    ({ body: { email }, req }) =>
      codes.toAddress('verify-email', emailKeyOf(email), clientOf(req), ({ verified }) => (verified ? undefined : {})),
  );

  auth.post(
    '/api/auth/email-verification/confirm',
    {
      summary: "Proves an address by the mail's code or the token of its link. A new access token tells of it.",
      access: 'public',
      rows: [4],
      body: Confirmation,
      reply: Profile,
      problems: { 400: 'The code is wrong, was used, or is over.', 429: 'Too many wrong codes: see Retry-After.' },
    },
    async ({ body, req }) => {
      const now = new Date();
      return settle(store, ownersNamed(body), (docs) => {
        const { code, write } = redeem(docs, shown(docs, 'verify-email', body, clientOf(req)), now);
        if (code instanceof DomainError) return { write, result: code };
        const user = docs.get(userKey(code.holder));
        if (!user || user.emailKey !== code.target)
          return { write, result: new DomainError('missing', 'not-found', 'The account was not found.') };
        const verified = proved(user);
        const events = [UserVerified(user.id, verified.version, owner(verified))];
        // The rights of staff count from now on, and not in sessions from before.
        const ended = user.role === 'customer' ? [] : endSessions(docs, user.id);
        return { write: [...write, put(userKey(user.id), verified), ...ended], events, result: profile(verified) };
      });
    },
  );

  return auth;
}

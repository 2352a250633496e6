import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { put, remove, type Docs, type Write } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { z } from 'zod';
import { sameEpoch } from '../accounts/epoch.js';
import { userKey } from '../accounts/store.js';
import type { User } from '../accounts/user.js';
import { clientOf, type Client } from '../client.js';
import { newSecrets } from '../codes/code.js';
import type { Post } from '../codes/messages.js';
import { codeKey, issueCode, redeem } from '../codes/store.js';
import { failuresKey, putFailure, throttled } from '../limits/failures.js';
import type { Limits } from '../limits/limits.js';
import { parseToken } from '../sessions/session.js';
import { transactOrRefuse } from '../transact-or-refuse.js';
import type { AppCodes } from '../two-factor/app-codes.js';
import { newIv } from '../two-factor/encryption.js';
import { twoFactorKey, useRecoveryCode } from '../two-factor/two-factor.js';
import { challengeKey, isOpen, putChallenge, type Challenge } from './challenge.js';
import { attemptKeys, takeBackAttempt } from './guard.js';
import { noteLogin } from './history.js';
import { ChallengeToken, Method, SignInReply } from './schemas.js';
import { prepare, signInKeys, type SignIn } from './sign-in.js';

const Factor = z.strictObject({
  token: ChallengeToken,
  method: Method.default('totp'),
  code: z
    .string()
    .trim()
    .min(6)
    .max(40)
    .meta({ examples: ['402817'] }),
});
type Factor = z.infer<typeof Factor>;

export interface SecondFactorOptions {
  store: Store;
  signIn: SignIn;
  post: Post;
  limits: Limits;
  appCodes: AppCodes;
}

/** Completes sign-ins that need a second factor. */
export function secondFactorRoutes({ store, signIn, post, limits, appCodes }: SecondFactorOptions): Routes {
  const auth = routes('auth');

  auth.post(
    '/api/auth/2fa/verify',
    {
      summary: 'Completes a sign-in with a code from the authenticator app, a recovery code, or a mailed code if the account has no app.',
      access: 'public',
      rows: [8],
      body: Factor,
      reply: SignInReply,
      problems: {
        400: 'The code is wrong, has expired or was already used.',
        401: 'The sign-in has expired. Start again.',
        403: 'The account is suspended.',
        429: 'Too many wrong codes. See Retry-After.',
        503: 'Codes from the app cannot be checked at the moment. Recovery codes can.',
      },
    },
    async ({ body, req }) => {
      const prepared = prepare();
      const { now } = prepared;
      const iv = newIv();
      const { sessionId: id, secret } = parseToken(body.token);
      const outcome = await transactOrRefuse(store, [challengeKey(id)], (docs) => {
        const open = openChallenge(docs, id, secret, now);
        if (open instanceof DomainError) return { result: open };
        const { challenge, user } = open;
        const from = { ...clientOf(req), cartSession: challenge.cartSession };
        const failures = failuresKey('second-factor', user.id);
        docs.all<unknown>([failures, codeKey('second-factor', user.id), ...signInKeys(user.id)]); // one load for all
        const tooMany = throttled(docs, [failures], now);
        if (tooMany) return { result: tooMany };
        const used = useFactor(docs, body, open, { from, iv, now });
        if (used.refused) {
          const attempted = { ...challenge, triesLeft: challenge.triesLeft - 1 };
          const noted = noteLogin(docs, user.id, 'wrong-second-factor', from, now);
          return {
            write: [...used.write, putChallenge(attempted), putFailure(docs, 'second-factor', failures, now), noted],
            result: used.refused,
          };
        }
        const { write = [], events = [], result } = signIn.afterSecondFactor(docs, user, from, prepared);
        const takenBack = takeBackAttempt(docs, attemptKeys(user.emailKey, from), true, now);
        return { write: [...used.write, remove(challengeKey(id)), remove(failures), ...takenBack, ...write], events, result };
      });
      return signIn.reply(outcome);
    },
  );

  auth.post(
    '/api/auth/2fa/email',
    {
      summary: 'Mails a code for a sign-in in progress, if the role needs two factors and the account has no authenticator app.',
      access: 'public',
      rows: [8],
      body: z.strictObject({ token: ChallengeToken }),
      status: 202,
      problems: {
        401: 'The sign-in has expired. Start again.',
        403: 'The account has an authenticator app.',
        429: 'Too many mails were requested. See Retry-After.',
      },
    },
    async ({ body, req }) => {
      const secrets = newSecrets();
      const { sessionId: id, secret } = parseToken(body.token);
      const user = await transactOrRefuse(store, [challengeKey(id)], (docs, now) => {
        const open = openChallenge(docs, id, secret, now);
        if (open instanceof DomainError) return { result: open };
        const { user, challenge } = open;
        if (!signIn.methodsFor(docs, user).includes('email')) return { result: appCodeRequired() };
        const quotas = limits.message({ purpose: 'second-factor', target: user.emailKey }, clientOf(req));
        const subject = { purpose: 'second-factor', holder: user.id, target: challenge.id } as const;
        return { write: issueCode(docs, subject, secrets, quotas, now), result: user };
      });
      post({ template: 'second-factor', to: user.email, name: user.name, userId: user.id, code: secrets.digits });
    },
  );

  /** Returns what to write for the factor, and why it was refused, if it was. */
  function useFactor(
    docs: Docs,
    { method, code }: Factor,
    { challenge, user }: OpenChallenge,
    { from, iv, now }: FactorContext,
  ): FactorUse {
    if (!signIn.methodsFor(docs, user).includes(method)) return { write: [], refused: wrongCode() };
    const { id: userId } = user;
    if (method === 'email') {
      const redeemed = redeem(docs, { purpose: 'second-factor', holder: userId, proof: { digits: code }, from }, now);
      if (redeemed.code instanceof DomainError) return { write: redeemed.write, refused: redeemed.code };
      const isOfThisSignIn = redeemed.code.target === challenge.id;
      return isOfThisSignIn ? { write: redeemed.write } : { write: [], refused: wrongCode() };
    }
    const factor = docs.get(twoFactorKey(userId));
    const used = factor && (method === 'totp' ? appCodes.use({ userId, iv }, factor, code, now) : useRecoveryCode(factor, code));
    return used ? { write: [put(twoFactorKey(userId), used)] } : { write: [], refused: wrongCode() };
  }

  return auth;
}

interface OpenChallenge {
  challenge: Challenge;
  user: User;
}

function openChallenge(docs: Docs, id: string, secret: string, now: Date): OpenChallenge | DomainError {
  const challenge = docs.get(challengeKey(id));
  const user = challenge && isOpen(challenge, secret, now) ? docs.get(userKey(challenge.userId)) : undefined;
  return challenge && user && sameEpoch(challenge, user)
    ? { challenge, user }
    : new DomainError('unauthenticated', 'sign-in-over', 'This sign-in has expired. Start again.');
}

interface FactorContext {
  from: Client;
  /** For encrypting the secret of the factor again. */
  iv: Buffer;
  now: Date;
}

interface FactorUse {
  write: Write[];
  refused?: DomainError;
}

const appCodeRequired = () =>
  new DomainError('forbidden', 'app-code-required', 'This account has an authenticator app. Enter a code from the app or a recovery code.');

const wrongCode = () =>
  new DomainError('invalid', 'invalid-code', 'This code is wrong, has expired or was already used.', {
    errors: [{ field: 'code', message: 'is not valid' }],
  });

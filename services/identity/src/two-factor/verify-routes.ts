import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { put, remove, type Docs, type Write } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { z } from 'zod';
import { sameEpoch } from '../accounts/epoch.js';
import type { User } from '../accounts/user.js';
import { clientOf, type Client } from '../client.js';
import { newSecrets } from '../codes/code.js';
import { codeKey, redeem, sending } from '../codes/store.js';
import type { Post } from '../mails.js';
import { presented } from '../sessions/session.js';
import { settle } from '../settle.js';
import { countedFor, forgive } from '../sign-in/guard.js';
import { noteLogin } from '../sign-in/login.js';
import { make, signInKeys, SignInReply, type SignIn } from '../sign-in/sign-in.js';
import { userKey } from '../store.js';
import type { Limits } from '../throttle/limits.js';
import { putFailed, refusal, triesKey } from '../throttle/tries.js';
import type { AppCodes } from './app-codes.js';
import { challengeKey, ChallengeToken, isOpen, Method, putChallenge, twoFactorKey, type Challenge } from './challenge.js';
import { newIv } from './encryption.js';
import { takeRecovery } from './two-factor.js';

const Shown = z.strictObject({
  token: ChallengeToken,
  method: Method.default('totp'),
  code: z
    .string()
    .trim()
    .min(6)
    .max(40)
    .meta({ examples: ['402817'] }),
});
type Shown = z.infer<typeof Shown>;

export interface VerifyOptions {
  store: Store;
  signIn: SignIn;
  post: Post;
  limits: Limits;
  appCodes: AppCodes;
}

/** The second half of a sign-in. */
export function verifyRoutes({ store, signIn, post, limits, appCodes }: VerifyOptions): Routes {
  const auth = routes('auth');

  auth.post(
    '/api/auth/2fa/verify',
    {
      summary: 'Completes a sign-in with a code from the authenticator app, a recovery code, or a mailed code if the account has no app.',
      access: 'public',
      rows: [8],
      body: Shown,
      reply: SignInReply,
      problems: {
        400: 'The code is wrong, was used, or is over.',
        401: 'The sign-in is over: begin again.',
        403: 'The account is suspended.',
        429: 'Too many wrong codes: see Retry-After.',
        503: 'Codes of the app cannot be checked now; recovery codes can.',
      },
    },
    async ({ body, req }) => {
      const made = make();
      const iv = newIv();
      const { sessionId: id, secret } = presented(body.token);
      const entered = await settle(store, [challengeKey(id)], (docs) => {
        const opened = open(docs, id, secret, made.now);
        if (opened instanceof DomainError) return { result: opened };
        const { challenge, user } = opened;
        const from = { ...clientOf(req), cartSession: challenge.cartSession };
        const tries = triesKey('second-factor', user.id);
        docs.all<unknown>([tries, codeKey('second-factor', user.id), ...signInKeys(user.id)]); // one load for all
        const tooOften = refusal(docs, [tries], made.now);
        if (tooOften) return { result: tooOften };
        const taken = take(docs, body, opened, { from, iv, now: made.now });
        if (taken.refused) {
          const tried = { ...challenge, triesLeft: challenge.triesLeft - 1 };
          const noted = noteLogin(docs, user.id, 'wrong-second-factor', from, made.now);
          return {
            write: [...taken.write, putChallenge(tried), putFailed(docs, 'second-factor', tries, made.now), noted],
            result: taken.refused,
          };
        }
        const { write = [], events = [], result } = signIn.secondFactor(docs, user, from, made);
        const forgiven = forgive(docs, countedFor(user.emailKey, from), true, made.now);
        return { write: [...taken.write, remove(challengeKey(id)), remove(tries), ...forgiven, ...write], events, result };
      });
      return signIn.answer(entered);
    },
  );

  auth.post(
    '/api/auth/2fa/email',
    {
      summary: 'Mails a code for a sign-in under way, to people whose role needs two factors and who have no authenticator app.',
      access: 'public',
      rows: [8],
      body: z.strictObject({ token: ChallengeToken }),
      status: 202,
      problems: {
        401: 'The sign-in is over: begin again.',
        403: 'The account has an authenticator app.',
        429: 'Too many mails were asked for: see Retry-After.',
      },
    },
    async ({ body, req }) => {
      const now = new Date();
      const secrets = newSecrets();
      const { sessionId: id, secret } = presented(body.token);
      const {
        id: userId,
        email: to,
        name,
      } = await settle(store, [challengeKey(id)], (docs) => {
        const opened = open(docs, id, secret, now);
        if (opened instanceof DomainError) return { result: opened };
        const { user, challenge } = opened;
        if (!signIn.methodsFor(docs, user).includes('email')) return { result: appCodeRequired() };
        const quotas = limits.message({ purpose: 'second-factor', target: user.emailKey }, clientOf(req));
        const about = { purpose: 'second-factor', holder: user.id, target: challenge.id } as const;
        return { write: sending(docs, about, secrets, quotas, now), result: user };
      });
      post({ template: 'second-factor', to, name, userId, code: secrets.digits });
    },
  );

  /** What must be written for the factor that is shown, and why it is not taken. */
  function take(docs: Docs, { method, code }: Shown, { challenge, user }: Opened, { from, iv, now }: At): Taken {
    if (!signIn.methodsFor(docs, user).includes(method)) return { write: [], refused: wrong() };
    const { id: userId } = user;
    if (method === 'email') {
      const redeemed = redeem(docs, { purpose: 'second-factor', holder: userId, proof: { digits: code }, from }, now);
      if (redeemed.code instanceof DomainError) return { write: redeemed.write, refused: redeemed.code };
      return redeemed.code.target === challenge.id ? { write: redeemed.write } : { write: [], refused: wrong() }; // of another sign-in
    }
    const factor = docs.get(twoFactorKey(userId));
    const left = factor && (method === 'totp' ? appCodes.take({ userId, iv }, factor, code, now) : takeRecovery(factor, code));
    return left ? { write: [put(twoFactorKey(userId), left)] } : { write: [], refused: wrong() };
  }

  return auth;
}

interface Opened {
  challenge: Challenge;
  user: User;
}

function open(docs: Docs, id: string, secret: string, now: Date): Opened | DomainError {
  const challenge = docs.get(challengeKey(id));
  const user = challenge && isOpen(challenge, secret, now) ? docs.get(userKey(challenge.userId)) : undefined;
  return challenge && user && sameEpoch(challenge, user)
    ? { challenge, user }
    : new DomainError('unauthenticated', 'sign-in-over', 'This sign-in has ended. Sign in again.');
}

/** From where a factor is shown, when, and the iv for what is left of it. */
interface At {
  from: Client;
  iv: Buffer;
  now: Date;
}

interface Taken {
  write: Write[];
  refused?: DomainError;
}

const appCodeRequired = () =>
  new DomainError('forbidden', 'app-code-required', 'This account has an authenticator app. Enter a code from the app or a recovery code.');

const wrong = () =>
  new DomainError('invalid', 'invalid-code', 'The code is wrong, was used, or is over.', {
    errors: [{ field: 'code', message: 'not a good code' }],
  });

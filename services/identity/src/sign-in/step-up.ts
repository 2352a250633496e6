import { DomainError } from '@sidecart/chassis/errors';
import { put, remove, type Change, type Docs, type Write } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { z } from 'zod';
import { sameEpoch } from '../accounts/epoch.js';
import type { User } from '../accounts/user.js';
import type { Client } from '../client.js';
import { TriedPassword } from '../fields.js';
import type { Passwords } from '../passwords/hashing.js';
import { signedInAccount, signedInKeys, type Bearer } from '../sessions/account.js';
import type { Session } from '../sessions/session.js';
import { sessionKey } from '../sessions/store.js';
import { settle } from '../settle.js';
import { GONE } from '../store.js';
import { putFailed, refusal, triesKey } from '../throttle/tries.js';
import type { AppCodes } from '../two-factor/app-codes.js';
import { twoFactorKey } from '../two-factor/challenge.js';
import { newIv } from '../two-factor/encryption.js';
import type { TwoFactor } from '../two-factor/two-factor.js';
import { admit, countedFor } from './guard.js';

const RECENT_SECONDS = 10 * 60;

/** What a sensitive change asks for in addition to its own fields. */
export const stepUpFields = {
  password: TriedPassword,
  code: z
    .string()
    .trim()
    .min(6)
    .max(40)
    .optional()
    .meta({ description: 'from the authenticator app, or a recovery code: required while two factors are on', examples: ['402817'] }),
};

/** The same where a sign-in within the last ten minutes will do in place of the password. */
export const recentOrStepUpFields = { ...stepUpFields, password: TriedPassword.optional() };

/** The problems that every step-up may answer with. */
export const stepUpProblems = {
  ...GONE,
  403: 'The password is wrong, the code of the second factor is missing or wrong, or your account is suspended.',
  429: 'Too many wrong passwords or codes: see Retry-After.',
  503: 'Too many passwords are being hashed, or codes of the app cannot be checked now: see Retry-After.',
};

/** Who asks, from where, and what they show. Without a password their sign-in must be recent. */
export interface Shown {
  caller: Bearer;
  from: Client;
  password: string | undefined;
  code: string | undefined;
}

/** The account that was confirmed, and its second factor as it is once the code is spent, if one is on and was asked for. */
export interface Confirmed {
  user: Readonly<User>;
  factor: Readonly<TwoFactor> | undefined;
}

/** Commits a change of the account that was confirmed. It is refused if the password has changed since, and spends the code only if it is made. */
export type ChangeConfirmed = <R>(keys: readonly string[], change: (docs: Docs, confirmed: Confirmed) => Change<R>) => Promise<R>;

/** `one` factor is enough where nothing is lost but a session: no code is needed then, even if two factors are on. */
export type StepUp = (shown: Shown, factors?: 'one' | 'all') => Promise<ChangeConfirmed>;

export interface StepUpOptions {
  store: Store;
  passwords: Passwords;
  appCodes: AppCodes;
}

/** Has the caller confirm who they are before a sensitive change. Throws `forbidden` for a wrong password. */
export function createStepUp({ store, passwords, appCodes }: StepUpOptions): StepUp {
  /** Counts the try first, so that many at once are many. Returns the account and the key of its count. */
  async function confirmPassword({ caller, from }: Shown, password: string) {
    const now = new Date();
    const { user, pair } = await settle(store, signedInKeys(caller), (docs) => {
      const user = signedInAccount(docs, caller);
      const counted = countedFor(user.emailKey, from);
      const admitted = admit(docs, counted, true, now);
      return admitted instanceof DomainError ? { result: admitted } : { write: admitted, result: { user, pair: counted.pair } };
    });
    if (!(await passwords.matches(password, user.passwordHash))) throw wrongPassword();
    return { user, pair };
  }

  function takeCode(docs: Docs, { caller: { id }, code }: Shown, iv: Buffer, now: Date): Taken {
    const factor = docs.get(twoFactorKey(id));
    if (!factor?.confirmedAt) return { write: [], factor: undefined };
    if (code === undefined) return { write: [], refused: codeRequired() };
    const tries = triesKey('second-factor', id);
    const tooOften = refusal(docs, [tries], now);
    if (tooOften) return { write: [], refused: tooOften };
    const left = appCodes.takeAny({ userId: id, iv }, factor, code, now);
    return left
      ? { write: [put(twoFactorKey(id), left), remove(tries)], factor: left }
      : { write: [putFailed(docs, 'second-factor', tries, now)], refused: wrongCode() };
  }

  return async (shown, factors = 'all') => {
    const { caller, password } = shown;
    const now = new Date();
    const iv = newIv();
    const verified = password === undefined ? undefined : await confirmPassword(shown, password);
    const read = [...signedInKeys(caller), twoFactorKey(caller.id), triesKey('second-factor', caller.id)];

    return (keys, change) =>
      settle(store, [...read, ...(verified ? [verified.pair] : []), ...keys], (docs) => {
        const user = signedInAccount(docs, caller);
        if (verified && !sameEpoch(user, verified.user)) throw wrongPassword();
        if (!verified && !isRecent(docs.get(sessionKey(caller.sessionId)), now)) throw signInAgain();
        const forgiven = verified ? [remove(verified.pair)] : [];
        const taken: Taken = factors === 'one' ? { write: [], factor: undefined } : takeCode(docs, shown, iv, now);
        if (taken.refused) return { write: [...forgiven, ...taken.write], result: taken.refused };
        try {
          const { write = [], ...made } = change(docs, { user, factor: taken.factor });
          return { ...made, write: [...forgiven, ...taken.write, ...write] };
        } catch (error) {
          if (error instanceof DomainError) return { write: forgiven, result: error };
          throw error;
        }
      });
  };
}

/** What is written for the code that was shown, and the factor that is left; or why the code was refused. */
type Taken = { write: Write[]; refused: DomainError } | { write: Write[]; refused?: undefined; factor: TwoFactor | undefined };

const isRecent = (session: Session | undefined, now: Date) =>
  session !== undefined && now.getTime() - Date.parse(session.createdAt) < RECENT_SECONDS * 1_000;

const wrongPassword = () => new DomainError('forbidden', 'wrong-password', 'This is not your password.');

const signInAgain = () =>
  new DomainError('forbidden', 'recent-sign-in-required', 'You signed in more than 10 minutes ago. Enter your password or sign in again.');

const codeRequired = () =>
  new DomainError('forbidden', 'second-factor-required', 'Enter a code from your authenticator app or a recovery code.');

const wrongCode = () => new DomainError('forbidden', 'wrong-second-factor', 'This code is wrong, has expired or was already used.');

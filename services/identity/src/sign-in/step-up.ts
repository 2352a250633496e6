import { DomainError } from '@sidecart/chassis/errors';
import { put, remove, type Change, type Docs, type Write } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { sameEpoch } from '../accounts/epoch.js';
import type { Passwords } from '../accounts/hashing.js';
import { deletedProblem } from '../accounts/store.js';
import type { User } from '../accounts/user.js';
import type { Client } from '../client.js';
import { failuresKey, putFailure, throttled } from '../limits/failures.js';
import { signedInAccount, signedInKeys, type Bearer } from '../sessions/caller.js';
import type { Session } from '../sessions/session.js';
import { sessionKey } from '../sessions/store.js';
import { transactOrRefuse } from '../transact-or-refuse.js';
import type { AppCodes } from '../two-factor/app-codes.js';
import { newIv } from '../two-factor/encryption.js';
import { twoFactorKey, type TwoFactor } from '../two-factor/two-factor.js';
import { attemptKeys, countAttempt } from './guard.js';

const RECENT_SECONDS = 10 * 60;

/** What any route with a step-up may answer. */
export const stepUpProblems = {
  ...deletedProblem,
  403: 'The password is wrong, the code is missing or wrong, or your account is suspended.',
  429: 'Too many wrong passwords or codes. See Retry-After.',
  503: 'Too many passwords are being hashed, or codes from the app cannot be checked at the moment. See Retry-After.',
};

/** What the caller presents. Without a password the sign-in must be recent. */
export interface Credentials {
  caller: Bearer;
  from: Client;
  password: string | undefined;
  code: string | undefined;
}

/**
 * The confirmed account, and its second factor with the code used up, if one is on and was
 * required.
 */
export interface Confirmed {
  user: Readonly<User>;
  factor: Readonly<TwoFactor> | undefined;
}

/**
 * Commits a change of the confirmed account. Refuses it if the password has changed since, and uses
 * the code up only if the change is made.
 */
export type ConfirmedChange = <R>(
  keys: readonly string[],
  change: (docs: Docs, confirmed: Confirmed, now: Date) => Change<R>,
) => Promise<R>;

/**
 * `one` factor is enough if nothing but a session can be lost: no code is required then, even while
 * two-factor authentication is on.
 */
export type StepUp = (credentials: Credentials, factors?: 'one' | 'all') => Promise<ConfirmedChange>;

export interface StepUpOptions {
  store: Store;
  passwords: Passwords;
  appCodes: AppCodes;
}

/**
 * Asks the caller to confirm who they are before a sensitive change. Throws `forbidden` for a wrong
 * password.
 */
export function createStepUp({ store, passwords, appCodes }: StepUpOptions): StepUp {
  /**
   * Counts the attempt first, so that parallel attempts all count. Returns the account and the key
   * of the count.
   */
  async function confirmPassword({ caller, from }: Credentials, password: string) {
    const { user, pair } = await transactOrRefuse(store, signedInKeys(caller), (docs, now) => {
      const user = signedInAccount(docs, caller);
      const keys = attemptKeys(user.emailKey, from);
      const counted = countAttempt(docs, keys, true, now);
      return counted instanceof DomainError ? { result: counted } : { write: counted, result: { user, pair: keys.pair } };
    });
    if (!(await passwords.matches(password, user.passwordHash))) throw wrongPassword();
    return { user, pair };
  }

  function useCode(docs: Docs, { caller: { id }, code }: Credentials, iv: Buffer, now: Date): CodeUse {
    const factor = docs.get(twoFactorKey(id));
    if (!factor?.confirmedAt) return { write: [], factor: undefined };
    if (code === undefined) return { write: [], refused: codeRequired() };
    const failures = failuresKey('second-factor', id);
    const tooMany = throttled(docs, [failures], now);
    if (tooMany) return { write: [], refused: tooMany };
    const used = appCodes.useAny({ userId: id, iv }, factor, code, now);
    return used
      ? { write: [put(twoFactorKey(id), used), remove(failures)], factor: used }
      : { write: [putFailure(docs, 'second-factor', failures, now)], refused: wrongCode() };
  }

  return async (credentials, factors = 'all') => {
    const { caller, password } = credentials;
    const iv = newIv();
    const verified = password === undefined ? undefined : await confirmPassword(credentials, password);
    const read = [...signedInKeys(caller), twoFactorKey(caller.id), failuresKey('second-factor', caller.id)];

    return (keys, change) =>
      transactOrRefuse(store, [...read, ...(verified ? [verified.pair] : []), ...keys], (docs, now) => {
        const user = signedInAccount(docs, caller);
        if (verified && !sameEpoch(user, verified.user)) throw wrongPassword();
        if (!verified && !isRecent(docs.get(sessionKey(caller.sessionId)), now)) throw signInAgain();
        const passwordRight = verified ? [remove(verified.pair)] : [];
        const code: CodeUse = factors === 'one' ? { write: [], factor: undefined } : useCode(docs, credentials, iv, now);
        if (code.refused) return { write: [...passwordRight, ...code.write], result: code.refused };
        try {
          const { write = [], ...made } = change(docs, { user, factor: code.factor }, now);
          return { ...made, write: [...passwordRight, ...code.write, ...write] };
        } catch (error) {
          if (error instanceof DomainError) return { write: passwordRight, result: error };
          throw error;
        }
      });
  };
}

/**
 * What to write for the code, and the factor with the code used up; or why the code was refused.
 */
type CodeUse = { write: Write[]; refused: DomainError } | { write: Write[]; refused?: undefined; factor: TwoFactor | undefined };

const isRecent = (session: Session | undefined, now: Date) =>
  session !== undefined && now.getTime() - Date.parse(session.createdAt) < RECENT_SECONDS * 1_000;

const wrongPassword = () => new DomainError('forbidden', 'wrong-password', 'This password is wrong.');

const signInAgain = () =>
  new DomainError('forbidden', 'recent-sign-in-required', 'You signed in more than 10 minutes ago. Enter your password or sign in again.');

const codeRequired = () =>
  new DomainError('forbidden', 'second-factor-required', 'Enter a code from your authenticator app or a recovery code.');

const wrongCode = () => new DomainError('forbidden', 'wrong-second-factor', 'This code is wrong, has expired or was already used.');

import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { put, remove } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { TwoFactorChanged } from '@sidecart/contracts/identity';
import { toDataURL } from 'qrcode';
import { z } from 'zod';
import { userKey } from '../accounts/store.js';
import { owner, requireVerified, type User } from '../accounts/user.js';
import { CurrentPassword, Digits } from '../accounts/values.js';
import { clientOf } from '../client.js';
import { failuresKey, putFailure, throttled } from '../limits/failures.js';
import { signedInAccount, signedInKeys, signedInProblems } from '../sessions/caller.js';
import { transactOrRefuse } from '../transact-or-refuse.js';
import type { AppCodes } from '../two-factor/app-codes.js';
import { newIv } from '../two-factor/encryption.js';
import { newRecoveryCodes, newSecret, otpauthUrl, twoFactorKey, withRecovery, type TwoFactor } from '../two-factor/two-factor.js';
import { stepUpFields } from './schemas.js';
import type { SignIn } from './sign-in.js';
import { stepUpProblems, type StepUp } from './step-up.js';

const StepUpBody = z.strictObject(stepUpFields);
const State = z
  .object({
    on: z.boolean(),
    recoveryCodesLeft: z
      .number()
      .int()
      .meta({ examples: [10] }),
  })
  .meta({ id: 'TwoFactor' });
const Setup = z
  .object({
    secret: z.string().meta({ description: 'in base 32, for typing it in', examples: ['JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'] }),
    otpauthUrl: z.string().meta({
      examples: [
        'otpauth://totp/Sidecart:bea%40example.com?issuer=Sidecart&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&algorithm=SHA1&digits=6&period=30',
      ],
    }),
    qr: z.string().meta({
      description: 'the QR code of otpauthUrl: a PNG as a data URL',
      examples: ['data:image/png;base64,iVBORw0KGgoAAAANSUhEUg...'],
    }),
  })
  .meta({ id: 'TwoFactorSetup' });
const RecoveryCodes = z.object({
  recoveryCodes: z.array(z.string().meta({ examples: ['ab2d-9xkm-p7qr-w3ef'] })).describe('each works once; they are not shown again'),
});

export interface TwoFactorOptions {
  store: Store;
  signIn: Pick<SignIn, 'needsTwoFactor'>;
  stepUp: StepUp;
  appCodes: AppCodes;
}

/** Turns two-factor authentication on and off. */
export function twoFactorRoutes({ store, signIn, stepUp, appCodes }: TwoFactorOptions): Routes {
  const auth = routes('auth');

  auth.get(
    '/api/auth/2fa',
    { summary: 'Returns whether two-factor authentication is on.', access: 'customer', rows: [8], reply: State },
    async ({ user: { id } }) => {
      const factor = await store.read(twoFactorKey(id));
      const on = Boolean(factor?.confirmedAt);
      return { on, recoveryCodesLeft: on && factor ? factor.recovery.length : 0 };
    },
  );

  auth.post(
    '/api/auth/2fa',
    {
      summary: 'Returns a secret for your authenticator app. Nothing changes until you confirm it with a code.',
      access: 'customer',
      rows: [8],
      body: z.strictObject({ password: CurrentPassword }),
      reply: Setup,
      problems: {
        ...stepUpProblems,
        403: 'The password is wrong, your email address is not verified, or your account is suspended.',
        409: 'Two-factor authentication is already on.',
      },
    },
    async ({ body: { password }, user: caller, req }) => {
      const factor = twoFactorKey(caller.id);
      if ((await store.read(factor))?.confirmedAt) throw alreadyOn();
      const secret = newSecret();
      const proposed = appCodes.propose({ userId: caller.id, iv: newIv() }, secret);
      const confirmed = await stepUp({ caller, from: clientOf(req), password, code: undefined });
      const { email } = await confirmed([], (_docs, { user }) => {
        requireVerified(user);
        return { write: [put(factor, proposed)], result: user };
      });
      const url = otpauthUrl(secret, email);
      return { secret, otpauthUrl: url, qr: await toDataURL(url) };
    },
  );

  auth.post(
    '/api/auth/2fa/confirm',
    {
      summary: 'Turns two-factor authentication on with a first code from the app, and returns recovery codes.',
      access: 'customer',
      rows: [8],
      body: z.strictObject({ code: Digits }),
      reply: RecoveryCodes,
      problems: {
        ...signedInProblems,
        400: 'The code is wrong.',
        403: 'Your email address is not verified, or your account is suspended.',
        409: 'No secret was requested, or two-factor authentication is already on.',
        429: 'Too many wrong codes. See Retry-After.',
        503: 'Codes from the app cannot be checked at the moment.',
      },
    },
    async ({ body: { code }, user: caller }) => {
      const { id } = caller;
      const iv = newIv();
      const recoveryCodes = newRecoveryCodes();
      const failures = failuresKey('second-factor', id);
      await transactOrRefuse(store, [...signedInKeys(caller), twoFactorKey(id), failures], (docs, now) => {
        const user = signedInAccount(docs, caller);
        requireVerified(user);
        const factor = docs.get(twoFactorKey(id));
        if (!factor || factor.confirmedAt) throw nothingProposed();
        const refused = throttled(docs, [failures], now);
        if (refused) return { result: refused };
        const used = appCodes.use({ userId: id, iv }, factor, code, now);
        if (!used) return { write: [putFailure(docs, 'second-factor', failures, now)], result: wrongCode() };
        return changeFactor(user, withRecovery({ ...used, confirmedAt: now.toISOString() }, recoveryCodes));
      });
      return { recoveryCodes };
    },
  );

  auth.post(
    '/api/auth/2fa/recovery-codes',
    {
      summary: 'Returns new recovery codes. The old ones stop working.',
      access: 'customer',
      rows: [8],
      body: StepUpBody,
      reply: RecoveryCodes,
      problems: { ...stepUpProblems, 409: 'Two-factor authentication is off.' },
    },
    async ({ body: { password, code }, user: caller, req }) => {
      const recoveryCodes = newRecoveryCodes();
      const confirmed = await stepUp({ caller, from: clientOf(req), password, code });
      await confirmed([], (_docs, { user: { id }, factor }) => {
        if (!factor) throw new DomainError('conflict', 'two-factor-off', 'Two-factor authentication is off.');
        return { write: [put(twoFactorKey(id), withRecovery(factor, recoveryCodes))], result: undefined };
      });
      return { recoveryCodes };
    },
  );

  auth.delete(
    '/api/auth/2fa',
    {
      summary: 'Turns two-factor authentication off, if it is on.',
      access: 'customer',
      rows: [8],
      body: StepUpBody,
      problems: {
        ...stepUpProblems,
        403: 'The password is wrong, the code is missing or wrong, your role needs two factors, or your account is suspended.',
      },
    },
    async ({ body: { password, code }, user: caller, req }) => {
      const confirmed = await stepUp({ caller, from: clientOf(req), password, code });
      await confirmed([], (_docs, { user, factor }) => {
        if (signIn.needsTwoFactor(user)) throw new DomainError('forbidden', 'two-factor-needed', 'Your role needs two factors.');
        return factor ? changeFactor(user, undefined) : { result: undefined };
      });
    },
  );

  return auth;
}

function changeFactor(user: User, factor: TwoFactor | undefined) {
  const { id, version } = user;
  const stored = twoFactorKey(id);
  return {
    write: [put(userKey(id), { ...user, version: version + 1 }), factor ? put(stored, factor) : remove(stored)],
    events: [TwoFactorChanged(id, version + 1, { ...owner(user), on: factor !== undefined })],
    result: undefined,
  };
}

const alreadyOn = () => new DomainError('conflict', 'two-factor-on', 'Two-factor authentication is already on.');

const nothingProposed = () =>
  new DomainError('conflict', 'nothing-proposed', 'Request a secret first. If two-factor authentication is on, turn it off before.');

const wrongCode = () =>
  new DomainError('invalid', 'invalid-code', 'This code is wrong or has expired.', {
    errors: [{ field: 'code', message: 'is not valid' }],
  });

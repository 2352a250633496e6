import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { put, remove } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { TwoFactorChanged } from '@sidecart/contracts/identity';
import { toDataURL } from 'qrcode';
import { z } from 'zod';
import { mustBeProved, owner, type User } from '../accounts/user.js';
import { clientOf } from '../client.js';
import { Digits } from '../codes/code.js';
import { TriedPassword } from '../fields.js';
import { signedInAccount, signedInKeys, signedInProblems } from '../sessions/account.js';
import { settle } from '../settle.js';
import type { SignIn } from '../sign-in/sign-in.js';
import { stepUpFields, stepUpProblems, type StepUp } from '../sign-in/step-up.js';
import { userKey } from '../store.js';
import { putFailed, refusal, triesKey } from '../throttle/tries.js';
import type { AppCodes } from './app-codes.js';
import { twoFactorKey } from './challenge.js';
import { newIv } from './encryption.js';
import { newRecoveryCodes, newSecret, otpauthUrl, withRecovery, type TwoFactor } from './two-factor.js';

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
    secret: z.string().meta({ description: 'base 32, to type where no camera is', examples: ['JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'] }),
    otpauthUrl: z.string().meta({
      examples: [
        'otpauth://totp/Sidecart:bea%40example.com?issuer=Sidecart&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&algorithm=SHA1&digits=6&period=30',
      ],
    }),
    qr: z.string().meta({ description: 'the same as a PNG: a data URL', examples: ['data:image/png;base64,iVBORw0KGgoAAAANSUhEUg...'] }),
  })
  .meta({ id: 'TwoFactorSetup' });
const RecoveryCodes = z.object({
  recoveryCodes: z.array(z.string().meta({ examples: ['ab2d-9xkm-p7qr-w3ef'] })).describe('each good once; they are shown this once'),
});

export interface TwoFactorOptions {
  store: Store;
  signIn: Pick<SignIn, 'needsTwoFactor'>;
  stepUp: StepUp;
  appCodes: AppCodes;
}

/** Setting up a second factor, and giving it up. */
export function twoFactorRoutes({ store, signIn, stepUp, appCodes }: TwoFactorOptions): Routes {
  const auth = routes('auth');

  auth.get(
    '/api/auth/2fa',
    { summary: 'Whether you sign in with two factors.', access: 'customer', rows: [8], reply: State },
    async ({ user: { id } }) => {
      const factor = await store.read(twoFactorKey(id));
      const on = Boolean(factor?.confirmedAt);
      return { on, recoveryCodesLeft: on && factor ? factor.recovery.length : 0 };
    },
  );

  auth.post(
    '/api/auth/2fa',
    {
      summary: 'Proposes a secret for your authenticator app; it asks for nothing before it is confirmed.',
      access: 'customer',
      rows: [8],
      body: z.strictObject({ password: TriedPassword }),
      reply: Setup,
      problems: {
        ...stepUpProblems,
        403: 'The password is wrong, your address is not proved, or your account is suspended.',
        409: 'Two factors are on already.',
      },
    },
    async ({ body: { password }, user: caller, req }) => {
      const at = twoFactorKey(caller.id);
      if ((await store.read(at))?.confirmedAt) throw alreadyOn();
      const secret = newSecret();
      const proposed = appCodes.propose({ userId: caller.id, iv: newIv() }, secret);
      const confirmed = await stepUp({ caller, from: clientOf(req), password, code: undefined });
      const { email } = await confirmed([], (_docs, { user }) => {
        mustBeProved(user);
        return { write: [put(at, proposed)], result: user };
      });
      const url = otpauthUrl(secret, email);
      return { secret, otpauthUrl: url, qr: await toDataURL(url) };
    },
  );

  auth.post(
    '/api/auth/2fa/confirm',
    {
      summary: 'Turns two factors on with a first code of the app, and gives recovery codes.',
      access: 'customer',
      rows: [8],
      body: z.strictObject({ code: Digits }),
      reply: RecoveryCodes,
      problems: {
        ...signedInProblems,
        400: 'The code is wrong.',
        403: 'Your address is not proved, or your account is suspended.',
        409: 'Nothing was proposed, or two factors are on.',
        429: 'Too many wrong codes: see Retry-After.',
        503: 'Codes of the app cannot be checked now.',
      },
    },
    async ({ body: { code }, user: caller }) => {
      const { id } = caller;
      const now = new Date();
      const iv = newIv();
      const recoveryCodes = newRecoveryCodes();
      const tries = triesKey('second-factor', id);
      await settle(store, [...signedInKeys(caller), twoFactorKey(id), tries], (docs) => {
        const user = signedInAccount(docs, caller);
        mustBeProved(user);
        const factor = docs.get(twoFactorKey(id));
        if (!factor || factor.confirmedAt)
          throw new DomainError('conflict', 'nothing-proposed', 'Propose a secret first, if two factors are off.');
        const refused = refusal(docs, [tries], now);
        if (refused) return { result: refused };
        const taken = appCodes.take({ userId: id, iv }, factor, code, now);
        if (!taken) return { write: [putFailed(docs, 'second-factor', tries, now)], result: wrongCode() };
        return change(user, withRecovery({ ...taken, confirmedAt: now.toISOString() }, recoveryCodes));
      });
      return { recoveryCodes };
    },
  );

  auth.post(
    '/api/auth/2fa/recovery-codes',
    {
      summary: 'Gives new recovery codes; the old ones are not good any more.',
      access: 'customer',
      rows: [8],
      body: StepUpBody,
      reply: RecoveryCodes,
      problems: { ...stepUpProblems, 409: 'Two factors are off.' },
    },
    async ({ body: { password, code }, user: caller, req }) => {
      const recoveryCodes = newRecoveryCodes();
      const confirmed = await stepUp({ caller, from: clientOf(req), password, code });
      await confirmed([], (_docs, { user: { id }, factor }) => {
        if (!factor) throw new DomainError('conflict', 'two-factor-off', 'Two factors are off.');
        return { write: [put(twoFactorKey(id), withRecovery(factor, recoveryCodes))], result: undefined };
      });
      return { recoveryCodes };
    },
  );

  auth.delete(
    '/api/auth/2fa',
    {
      summary: 'Turns two factors off, if they are on.',
      access: 'customer',
      rows: [8],
      body: StepUpBody,
      problems: {
        ...stepUpProblems,
        403: 'The password or the code is wrong, the code is missing, your role needs two factors, or your account is suspended.',
      },
    },
    async ({ body: { password, code }, user: caller, req }) => {
      const confirmed = await stepUp({ caller, from: clientOf(req), password, code });
      await confirmed([], (_docs, { user, factor }) => {
        if (signIn.needsTwoFactor(user)) throw new DomainError('forbidden', 'two-factor-needed', 'Your role needs two factors.');
        return factor ? change(user, undefined) : { result: undefined };
      });
    },
  );

  return auth;
}

function change(user: User, factor: TwoFactor | undefined) {
  const { id, version } = user;
  const at = twoFactorKey(id);
  const events = [TwoFactorChanged(id, version + 1, { ...owner(user), on: factor !== undefined })];
  return { write: [put(userKey(id), { ...user, version: version + 1 }), factor ? put(at, factor) : remove(at)], events, result: undefined };
}

const alreadyOn = () => new DomainError('conflict', 'two-factor-on', 'Two factors are on already.');

const wrongCode = () =>
  new DomainError('invalid', 'invalid-code', 'The code is wrong or is over.', { errors: [{ field: 'code', message: 'not a good code' }] });

import { DomainError, found } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { put, remove, type Docs } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { TwoFactorChanged } from '@sidecart/contracts/identity';
import { toDataURL } from 'qrcode';
import { z } from 'zod';
import { owner } from '../accounts/user.js';
import { clientOf } from '../client.js';
import { Digits } from '../codes/code.js';
import { TriedPassword } from '../fields.js';
import { settle } from '../settle.js';
import type { ConfirmPassword } from '../sign-in/guard.js';
import type { SignIn } from '../sign-in/sign-in.js';
import { userKey } from '../store.js';
import { putFailed, refusal, triesKey } from '../throttle/tries.js';
import type { AppCodes } from './app-codes.js';
import { twoFactorKey } from './challenge.js';
import { newIv } from './encryption.js';
import { newRecoveryCodes, newSecret, otpauthUrl, withRecovery, type TwoFactor } from './two-factor.js';

const ByPassword = z.strictObject({ password: TriedPassword });
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

const wrongPassword = { 403: 'The password is wrong.', 429: 'Too many wrong ones: see Retry-After.' };

export interface TwoFactorOptions {
  store: Store;
  signIn: Pick<SignIn, 'needsTwoFactor'>;
  confirmPassword: ConfirmPassword;
  appCodes: AppCodes;
}

/** Setting up a second factor, and giving it up. */
export function twoFactorRoutes({ store, signIn, confirmPassword, appCodes }: TwoFactorOptions): Routes {
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
      body: ByPassword,
      reply: Setup,
      problems: { ...wrongPassword, 409: 'Two factors are on already.' },
    },
    async ({ body: { password }, user: { id }, req }) => {
      const { email } = await confirmPassword(id, password, clientOf(req));
      const secret = newSecret();
      const factor = appCodes.propose({ userId: id, iv: newIv() }, secret);
      await store.transact([twoFactorKey(id)], (docs) => {
        if (docs.get(twoFactorKey(id))?.confirmedAt) throw new DomainError('conflict', 'two-factor-on', 'Two factors are on already.');
        return { write: [put(twoFactorKey(id), factor)], result: undefined };
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
        400: 'The code is wrong.',
        409: 'Nothing was proposed, or two factors are on.',
        429: 'Too many wrong codes: see Retry-After.',
        503: 'Codes of the app cannot be checked now.',
      },
    },
    async ({ body: { code }, user: { id } }) => {
      const now = new Date();
      const iv = newIv();
      const recoveryCodes = newRecoveryCodes();
      const tries = triesKey('second-factor', id);
      await settle(store, [twoFactorKey(id), userKey(id), tries], (docs) => {
        const factor = docs.get(twoFactorKey(id));
        if (!factor || factor.confirmedAt)
          throw new DomainError('conflict', 'nothing-proposed', 'Propose a secret first, if two factors are off.');
        const refused = refusal(docs, [tries], now);
        if (refused) return { result: refused };
        const taken = appCodes.take({ userId: id, iv }, factor, code, now);
        if (!taken) return { write: [putFailed(docs, 'second-factor', tries, now)], result: wrongCode() };
        return change(docs, id, withRecovery({ ...taken, confirmedAt: now.toISOString() }, recoveryCodes));
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
      body: ByPassword,
      reply: RecoveryCodes,
      problems: { ...wrongPassword, 409: 'Two factors are off.' },
    },
    async ({ body: { password }, user: { id }, req }) => {
      await confirmPassword(id, password, clientOf(req));
      const recoveryCodes = newRecoveryCodes();
      await store.transact([twoFactorKey(id)], (docs) => {
        const factor = docs.get(twoFactorKey(id));
        if (!factor?.confirmedAt) throw new DomainError('conflict', 'two-factor-off', 'Two factors are off.');
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
      body: ByPassword,
      problems: { ...wrongPassword, 403: 'The password is wrong, or your role needs two factors.' },
    },
    async ({ body: { password }, user: { id }, req }) => {
      const user = await confirmPassword(id, password, clientOf(req));
      if (signIn.needsTwoFactor(user)) throw new DomainError('forbidden', 'two-factor-needed', 'Your role needs two factors.');
      await store.transact([twoFactorKey(id), userKey(id)], (docs) =>
        docs.get(twoFactorKey(id))?.confirmedAt ? change(docs, id, undefined) : { result: undefined },
      );
    },
  );

  return auth;
}

function change(docs: Docs, id: string, factor: TwoFactor | undefined) {
  const user = found(docs.get(userKey(id)), 'Your account');
  const changed = { ...user, version: user.version + 1 };
  const at = twoFactorKey(id);
  const events = [TwoFactorChanged(id, changed.version, { ...owner(user), on: factor !== undefined })];
  return { write: [put(userKey(id), changed), factor ? put(at, factor) : remove(at)], events, result: undefined };
}

const wrongCode = () =>
  new DomainError('invalid', 'invalid-code', 'The code is wrong or is over.', { errors: [{ field: 'code', message: 'not a good code' }] });

import type { Mail } from '@sidecart/contracts/notifications';
import { render, type Content } from './templates.js';

interface Named {
  name: string;
}

const mail = (subject: string, { name }: Named, ...paragraphs: string[]): Content =>
  render({ subject, paragraphs: [`Hello ${name},`, ...paragraphs] });

const LIFE = 'It is good for 15 minutes, and once.';
const NOT_YOU = 'If that was not you, reset your password at once.';

export const welcome = (to: Named): Content => mail('Welcome', to, 'your account is ready. You sign in with this address.');

export const passwordChanged = (to: Named): Content =>
  mail('Your password was changed', to, 'your password was changed, and your other devices were signed out.', NOT_YOU);

export const emailChanged = (to: Named & { email: string }): Content =>
  mail('Your address was changed', to, `from now on you sign in with ${to.email}.`, 'If that was not you, write to us at once.');

export const phoneChanged = (to: Named & { phone: string | null }): Content =>
  mail(
    'Your phone number was changed',
    to,
    to.phone === null ? 'we know no phone number of yours any more.' : `it is ${to.phone} now.`,
    NOT_YOU,
  );

export const twoFactorOn = (to: Named): Content =>
  mail('Two factors are on', to, 'from now on you sign in with your password and a code of your app.', NOT_YOU);

export const twoFactorOff = (to: Named): Content =>
  mail(
    'Two factors are off',
    to,
    'Two-factor authentication was turned off for your account. You now sign in without a second factor.',
    'If neither you nor our support team did this, reset your password right away.',
  );

interface AtProvider extends Named {
  provider: string;
  providerEmail: string | null;
}

const accountAt = ({ provider, providerEmail }: AtProvider) =>
  providerEmail === null ? `your ${provider} account` : `your ${provider} account (${providerEmail})`;

export const identityLinked = (to: AtProvider): Content =>
  mail(
    'A way to sign in was added',
    to,
    `You can now sign in with ${accountAt(to)}.`,
    'If you did not do this, remove it in your account settings and change your password right away.',
  );

export const identityUnlinked = (to: AtProvider): Content =>
  mail(
    'A way to sign in was removed',
    to,
    `You can no longer sign in with ${accountAt(to)}.`,
    'If you did not expect this, change your password right away.',
  );

export const tokenReused = (to: Named): Content =>
  mail(
    'We signed a device out',
    to,
    'a key of one of your devices was used twice, as if somebody had a copy of it. We signed that device out; sign in again to go on.',
    'If you do not know why, change your password.',
  );

export const codeText = (code: string): Content => ({ subject: 'Your code', text: `Your code is ${code}. ${LIFE}`, html: '' });

/** What a mail says that another service asks for. */
export function asked(wanted: Mail): Content {
  switch (wanted.template) {
    case 'verify-email':
      return mail(
        'Is this your address?',
        wanted,
        `your code is ${wanted.code}. ${LIFE}`,
        `Or open ${wanted.link}`,
        'If you did not register, ignore this mail.',
      );
    case 'already-registered':
      return mail(
        'You have an account',
        wanted,
        'somebody asked for an account with this address, which has one already.',
        'If that was you, sign in, or reset your password if you forgot it. If not, there is nothing to do.',
      );
    case 'reset-password':
      return mail(
        'Reset your password',
        wanted,
        `your code is ${wanted.code}. ${LIFE}`,
        `Or open ${wanted.link}`,
        'If you did not ask for it, ignore this mail: your password stays as it is.',
      );
    case 'change-email':
      return mail(
        'Confirm your new address',
        wanted,
        `your code is ${wanted.code}. ${LIFE}`,
        'If you did not ask for it, ignore this mail.',
      );
    case 'second-factor':
      return mail(
        'Your code to sign in',
        wanted,
        `your code is ${wanted.code}. It works once, for this sign-in, within 10 minutes.`,
        NOT_YOU,
      );
  }
}

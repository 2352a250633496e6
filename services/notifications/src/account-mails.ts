import type { Mail } from '@sidecart/contracts/notifications';
import { render, type Content } from './render.js';

interface Recipient {
  name: string;
}

const mail = (subject: string, { name }: Recipient, ...paragraphs: string[]): Content =>
  render({ subject, paragraphs: [`Hello ${name},`, ...paragraphs] });

const EXPIRY = 'This code expires in 15 minutes and works once.';
const NOT_YOU = 'If this was not you, reset your password right away.';

export const welcome = (to: Recipient): Content => mail('Welcome', to, 'Your account is ready. Sign in with this email address.');

export const passwordChanged = (to: Recipient): Content =>
  mail('Your password was changed', to, 'Your password was changed, and you were signed out on all other devices.', NOT_YOU);

export const emailChanged = (to: Recipient & { email: string }): Content =>
  mail('Your email address was changed', to, `You now sign in with ${to.email}.`, 'If this was not you, contact us right away.');

export const phoneChanged = (to: Recipient & { phone: string | null }): Content =>
  mail(
    'Your phone number was changed',
    to,
    to.phone === null ? 'Your phone number was removed from your account.' : `Your phone number is now ${to.phone}.`,
    NOT_YOU,
  );

export const twoFactorOn = (to: Recipient): Content =>
  mail('Two-factor authentication is on', to, 'You now sign in with your password and a code from your authenticator app.', NOT_YOU);

export const twoFactorOff = (to: Recipient): Content =>
  mail(
    'Two-factor authentication is off',
    to,
    'Two-factor authentication was turned off for your account. You now sign in without a second factor.',
    'If neither you nor our support team did this, reset your password right away.',
  );

interface AtProvider extends Recipient {
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
    'If you did not do this, change your password right away.',
  );

export const tokenReused = (to: Recipient): Content =>
  mail(
    'We signed out one of your devices',
    to,
    'A sign-in token of one of your devices was used twice, which can mean that someone has copied it. We signed that device out. Sign in again to continue.',
    'If you cannot explain this, change your password.',
  );

export const codeText = (code: string): Content => ({ subject: 'Your code', text: `Your code is ${code}. ${EXPIRY}`, html: '' });

/** Returns the mail that another service requested. */
export function requestedMail(request: Mail): Content {
  switch (request.template) {
    case 'verify-email':
      return mail(
        'Verify your email address',
        request,
        `Your code is ${request.code}. ${EXPIRY}`,
        `Or open this link: ${request.link}`,
        'If you did not register, ignore this mail.',
      );
    case 'already-registered':
      return mail(
        'You already have an account',
        request,
        'Someone tried to register with this email address, which already has an account.',
        'If this was you, sign in, or reset your password if you have forgotten it. Otherwise you do not need to do anything.',
      );
    case 'reset-password':
      return mail(
        'Reset your password',
        request,
        `Your code is ${request.code}. ${EXPIRY}`,
        `Or open this link: ${request.link}`,
        'If you did not request this, ignore this mail. Your password stays the same.',
      );
    case 'change-email':
      return mail(
        'Confirm your new email address',
        request,
        `Your code is ${request.code}. ${EXPIRY}`,
        'If you did not request this, ignore this mail.',
      );
    case 'second-factor':
      return mail(
        'Your sign-in code',
        request,
        `Your code is ${request.code}. It expires in 10 minutes and works once, for this sign-in.`,
        'If you are not trying to sign in, someone else knows your password. Reset it right away.',
      );
  }
}

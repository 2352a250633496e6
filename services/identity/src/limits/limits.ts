import { placeOf, type Client } from '../client.js';
import { quota, type Quota } from './quota.js';

const REGISTRATIONS_PER_ADDRESS = 20;
const MAILS_PER_ADDRESS = 10;
const TEXTS_PER_NUMBER = 5;
/**
 * A block is the numbers that differ in their last four digits only. People who earn from text
 * messages often own a whole block.
 */
const TEXTS_PER_BLOCK = 10;
const BLOCK_DIGITS = 4;

export interface LimitSettings {
  REGISTRATIONS_PER_PLACE: number;
  MAILS_PER_PLACE: number;
  TEXTS_PER_PLACE: number;
  TEXTS_PER_HOUR: number;
}

/** A message that is about to be sent. */
export interface Addressed {
  purpose: string;
  /** An email address or a phone number. */
  target: string;
}

export type Limits = ReturnType<typeof createLimits>;

/** Returns the hourly quotas per place, per target and for the whole shop. */
export function createLimits({ REGISTRATIONS_PER_PLACE, MAILS_PER_PLACE, TEXTS_PER_PLACE, TEXTS_PER_HOUR }: LimitSettings) {
  const mailsFrom = (place: string) => quota('mails-from', MAILS_PER_PLACE, place);

  return {
    /** Each registration sends a mail, so it uses that quota too. */
    registration(emailKey: string, { address }: Client): Quota[] {
      const place = placeOf(address);
      return [
        quota('registrations-from', REGISTRATIONS_PER_PLACE, place),
        quota('registrations-of', REGISTRATIONS_PER_ADDRESS, emailKey),
        mailsFrom(place),
      ];
    },

    /** A mail or text message with a code. */
    message({ purpose, target }: Addressed, { address }: Client): Quota[] {
      const place = placeOf(address);
      if (purpose !== 'change-phone') return [mailsFrom(place), quota('mails-to', MAILS_PER_ADDRESS, purpose, target.toLowerCase())];
      return [
        quota('texts-from', TEXTS_PER_PLACE, place),
        quota('texts-to', TEXTS_PER_NUMBER, target),
        quota('texts-to-block', TEXTS_PER_BLOCK, target.slice(0, -BLOCK_DIGITS)),
        quota('texts', TEXTS_PER_HOUR),
      ];
    },
  };
}

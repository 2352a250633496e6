import { network, type Client } from '../client.js';
import type { Code } from '../codes/code.js';
import type { Settings } from '../config.js';
import { quota, type Quota } from './quota.js';

const REGISTRATIONS_PER_ADDRESS = 20;
const MAILS_PER_ADDRESS = 10;
const TEXTS_PER_NUMBER = 5;
/** Numbers that differ in their last four digits only: whoever earns from text messages often owns all of them. */
const TEXTS_PER_BLOCK = 10;
const BLOCK_DIGITS = 4;

export type Limits = ReturnType<typeof createLimits>;

/** What may be asked for from one place, for one target and in the whole shop, each per hour. */
export function createLimits(
  settings: Pick<Settings, 'REGISTRATIONS_PER_PLACE' | 'MAILS_PER_PLACE' | 'TEXTS_PER_PLACE' | 'TEXTS_PER_HOUR'>,
) {
  const { REGISTRATIONS_PER_PLACE, MAILS_PER_PLACE, TEXTS_PER_PLACE, TEXTS_PER_HOUR } = settings;

  const mailsFrom = (place: string) => quota('mails-from', MAILS_PER_PLACE, place);

  return {
    /** Each registration sends a mail. */
    registration(emailKey: string, { address }: Client): Quota[] {
      const place = network(address);
      return [
        quota('registrations-from', REGISTRATIONS_PER_PLACE, place),
        quota('registrations-of', REGISTRATIONS_PER_ADDRESS, emailKey),
        mailsFrom(place),
      ];
    },

    /** A mail or text message with a code. */
    message({ purpose, target }: Pick<Code, 'purpose' | 'target'>, { address }: Client): Quota[] {
      const place = network(address);
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

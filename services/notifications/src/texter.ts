import type { Dapr } from '@sidecart/chassis/dapr';
import type { Mail } from './mailer.js';

/**
 * Sends through the binding `sms`. A gateway uses the number; the local folder uses the file name.
 */
export function createTexter(dapr: Pick<Dapr, 'bind'>) {
  return async ({ id, to, text }: Pick<Mail, 'id' | 'to' | 'text'>): Promise<void> => {
    await dapr.bind('sms', 'create', { toNumber: to, fileName: `${id}.txt` }, text);
  };
}

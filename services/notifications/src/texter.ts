import type { Dapr } from '@sidecart/chassis/dapr';
import type { Mail } from './mailer.js';

/** Sends through the binding `sms`: a gateway takes the number, a folder the name of the file. */
export function createTexter(dapr: Pick<Dapr, 'bind'>) {
  return async ({ id, to, text }: Pick<Mail, 'id' | 'to' | 'text'>): Promise<void> => {
    await dapr.bind('sms', 'create', { toNumber: to, fileName: `${id}.txt` }, text);
  };
}

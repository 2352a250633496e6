import { serve } from '@sidecart/chassis/calls';
import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { SendMail } from '@sidecart/contracts/notifications';
import { asked } from './account-mails.js';
import type { Notice } from './sender.js';

/** Mails that other services ask for. */
export function mailCalls(send: (notice: Notice) => Promise<void>): Routes {
  const calls = routes('mails');

  serve(calls, SendMail, async (wanted) => {
    const { id, to, template, userId } = wanted;
    await send({ id, to, template, reference: userId, userId, ...asked(wanted) }).catch((error: unknown) => {
      if (error instanceof DomainError) throw error;
      throw new DomainError('unavailable', 'mail-server-unavailable', 'The mail server did not take the mail.', { retryAfter: 5 });
    });
    return {};
  });

  return calls;
}

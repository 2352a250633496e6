import { serve } from '@sidecart/chassis/calls';
import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { SendMail, SendSms } from '@sidecart/contracts/notifications';
import { asked, codeText } from './account-mails.js';
import type { Notice } from './sender.js';

type Send = (notice: Notice) => Promise<void>;

/** Messages that other services ask for. */
export function messageCalls({ send, text }: { send: Send; text: Send }): Routes {
  const calls = routes('messages');

  serve(calls, SendMail, async (wanted) => {
    const { id, to, template, userId } = wanted;
    await send({ id, to, template, reference: userId, userId, ...asked(wanted) }).catch(unavailable);
    return {};
  });

  serve(calls, SendSms, async ({ id, to, template, userId, code }) => {
    await text({ id, to, template, reference: userId, userId, ...codeText(code) }).catch(unavailable);
    return {};
  });

  return calls;
}

function unavailable(error: unknown): never {
  if (error instanceof DomainError) throw error;
  throw new DomainError('unavailable', 'not-sent', 'The message could not be handed over.', { retryAfter: 5 });
}

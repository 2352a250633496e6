import { serve } from '@sidecart/chassis/calls';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { SendMail, SendSms } from '@sidecart/contracts/notifications';
import { codeText, requestedMail } from './account-mails.js';
import type { Sender } from './sender.js';

/**
 * Messages that other services request. A call succeeds once the message is saved; it is sent
 * afterwards.
 */
export function messageCalls({ enqueue }: Pick<Sender, 'enqueue'>): Routes {
  const calls = routes('notifications');

  serve(calls, SendMail, async (request) => {
    const { id, to, template, userId } = request;
    await enqueue({ id, channel: 'email', to, template, reference: userId, userId, ...requestedMail(request) });
    return {};
  });

  serve(calls, SendSms, async ({ id, to, template, userId, code }) => {
    await enqueue({ id, channel: 'sms', to, template, reference: userId, userId, ...codeText(code) });
    return {};
  });

  return calls;
}

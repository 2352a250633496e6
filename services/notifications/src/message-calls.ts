import { serve } from '@sidecart/chassis/calls';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { SendMail, SendSms } from '@sidecart/contracts/notifications';
import { asked, codeText } from './account-mails.js';
import type { Sender } from './sender.js';

/** Messages that other services ask for. The answer is that the message is saved and will be sent. */
export function messageCalls({ enqueue }: Pick<Sender, 'enqueue'>): Routes {
  const calls = routes('messages');

  serve(calls, SendMail, async (wanted) => {
    const { id, to, template, userId } = wanted;
    await enqueue({ id, channel: 'email', to, template, reference: userId, userId, ...asked(wanted) });
    return {};
  });

  serve(calls, SendSms, async ({ id, to, template, userId, code }) => {
    await enqueue({ id, channel: 'sms', to, template, reference: userId, userId, ...codeText(code) });
    return {};
  });

  return calls;
}

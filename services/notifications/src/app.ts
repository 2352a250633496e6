import type { App, Deps } from '@sidecart/chassis/service';
import type { Settings } from './config.js';
import { createMailer } from './mailer.js';
import { messageCalls } from './message-calls.js';
import { messageRoutes } from './routes.js';
import { createSender } from './sender.js';
import { mailSubscriptions } from './subscriptions.js';
import { createTexter } from './texter.js';

export function createApp({ settings, store, logger, dapr }: Deps<Settings>): App {
  const mailer = createMailer({ url: settings.SMTP_URL, from: settings.MAIL_FROM });
  const send = createSender({ store, channel: 'email', send: (mail) => mailer.send(mail) });
  const text = createSender({ store, channel: 'sms', send: createTexter(dapr) });
  return {
    routes: [messageRoutes(store), messageCalls({ send, text })],
    subscriptions: mailSubscriptions({ store, send, logger }),
    close: async () => mailer.close(),
  };
}

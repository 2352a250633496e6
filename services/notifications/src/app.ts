import type { App, Deps } from '@sidecart/chassis/service';
import type { Settings } from './config.js';
import { createMailer } from './mailer.js';
import { mailCalls } from './mail-calls.js';
import { messageRoutes } from './routes.js';
import { createSender } from './sender.js';
import { mailSubscriptions } from './subscriptions.js';

export function createApp({ settings, store, logger }: Deps<Settings>): App {
  const mailer = createMailer({ url: settings.SMTP_URL, from: settings.MAIL_FROM });
  const send = createSender({ store, mailer });
  return {
    routes: [messageRoutes(store), mailCalls(send)],
    subscriptions: mailSubscriptions({ store, send, logger }),
    close: async () => mailer.close(),
  };
}

import type { App, Deps } from '@sidecart/chassis/service';
import { messageCalls } from './calls.js';
import type { Settings } from './config.js';
import { createMailer, type Mail } from './mailer.js';
import { messageRoutes } from './routes.js';
import { createSender } from './sender.js';
import { mailSubscriptions } from './subscriptions.js';
import { createTexter } from './texter.js';

export function createApp({ settings, store, logger, dapr }: Deps<Settings>): App {
  const mailer = createMailer({ url: settings.SMTP_URL, tls: settings.SMTP_TLS, from: settings.MAIL_FROM });
  const channels = { email: (mail: Mail) => mailer.send(mail), sms: createTexter(dapr) };
  const sender = createSender({ store, logger, channels });
  return {
    routes: [messageRoutes(store), messageCalls(sender)],
    subscriptions: mailSubscriptions({ store, enqueue: sender.enqueue, logger }),
    onCron: sender.onCron,
    close: async () => {
      await sender.close();
      mailer.close();
    },
  };
}

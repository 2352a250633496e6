import { caller } from '@sidecart/chassis/calls';
import { runService } from '@sidecart/chassis/service';
import { OrderDue } from '@sidecart/contracts/orders';
import { createApp } from './app.js';
import { Settings } from './config.js';
import { createSimulated } from './simulated.js';

await runService({
  name: 'payments',
  settings: Settings,
  createApp: ({ settings, dapr, store, logger }) => {
    const provider = createSimulated({ secret: settings.PAYMENT_WEBHOOK_SECRET, webhookUrl: settings.WEBHOOK_URL, logger });
    return createApp({ store, logger, provider, orderDue: caller(dapr, OrderDue) });
  },
});

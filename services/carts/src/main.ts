import { caller } from '@sidecart/chassis/calls';
import { runService } from '@sidecart/chassis/service';
import { Quote } from '@sidecart/contracts/catalog';
import { Hold, Stock } from '@sidecart/contracts/inventory';
import { createApp } from './app.js';
import { Settings } from './config.js';

await runService({
  name: 'carts',
  settings: Settings,
  createApp: ({ dapr, ...deps }) =>
    createApp({ ...deps, quote: caller(dapr, Quote), hold: caller(dapr, Hold), stock: caller(dapr, Stock) }),
});

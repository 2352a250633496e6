import { caller } from '@sidecart/chassis/calls';
import { runService } from '@sidecart/chassis/service';
import { CustomerCart } from '@sidecart/contracts/carts';
import { Quote } from '@sidecart/contracts/catalog';
import { Release, Reserve } from '@sidecart/contracts/inventory';
import { CloseIntent } from '@sidecart/contracts/payments';
import { createApp } from './app.js';
import { Settings } from './config.js';

await runService({
  name: 'orders',
  settings: Settings,
  createApp: ({ dapr, ...deps }) =>
    createApp({
      ...deps,
      customerCart: caller(dapr, CustomerCart),
      quote: caller(dapr, Quote),
      reserve: caller(dapr, Reserve),
      release: caller(dapr, Release),
      closeIntent: caller(dapr, CloseIntent),
    }),
});

import { caller } from '@sidecart/chassis/calls';
import { openDocuments } from '@sidecart/chassis/documents';
import { runService } from '@sidecart/chassis/service';
import { Stock } from '@sidecart/contracts/inventory';
import { createApp } from './app.js';
import { STOCK_MS } from './products/availability.js';
import { Settings } from './config.js';

await runService({
  name: 'catalog',
  settings: Settings,
  createApp: async (deps) =>
    createApp({
      ...deps,
      documents: await openDocuments({ url: deps.settings.DOCUMENTS_URL }),
      stock: caller(deps.dapr, Stock, STOCK_MS),
    }),
});

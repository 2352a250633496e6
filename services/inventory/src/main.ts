import { openDocuments } from '@sidecart/chassis/documents';
import { runService } from '@sidecart/chassis/service';
import { createApp } from './app.js';
import { Settings } from './config.js';

await runService({
  name: 'inventory',
  settings: Settings,
  createApp: async (deps) => createApp({ ...deps, documents: await openDocuments({ url: deps.settings.DOCUMENTS_URL }) }),
});

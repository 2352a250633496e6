import { caller } from '@sidecart/chassis/calls';
import { openDocuments } from '@sidecart/chassis/documents';
import { runService } from '@sidecart/chassis/service';
import { SendMail, SendSms } from '@sidecart/contracts/notifications';
import { createApp } from './app.js';
import { Settings } from './config.js';

await runService({
  name: 'identity',
  settings: Settings,
  createApp: async (deps) =>
    createApp({
      ...deps,
      documents: await openDocuments({ url: deps.settings.DOCUMENTS_URL }),
      sendMail: caller(deps.dapr, SendMail),
      sendSms: caller(deps.dapr, SendSms),
    }),
});

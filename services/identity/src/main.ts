import { caller } from '@sidecart/chassis/calls';
import { runService } from '@sidecart/chassis/service';
import { SendMail } from '@sidecart/contracts/notifications';
import { createApp } from './app.js';
import { Settings } from './config.js';

await runService({
  name: 'identity',
  settings: Settings,
  createApp: (deps) => createApp({ ...deps, sendMail: caller(deps.dapr, SendMail, 10_000) }),
});

// A replica that never publishes, and has no second heartbeat: paused-child <dapr port> <replica>.
// Increments a counter for each message, and replies with the outcome.
import { createDapr, type Dapr } from '../src/dapr/dapr.js';
import { openStore } from '../src/store/store.js';
import { increment } from './harness.js';

const [port = '', replica = ''] = process.argv.slice(2);
const dapr = createDapr({ port, apiToken: undefined });
const mute: Dapr = { ...dapr, publish: () => new Promise(() => undefined) };
const store = await openStore({ dapr: mute, app: 'shop', replica, patienceMs: 30_000, beatMs: 600_000 });
process.on('message', () => {
  increment(store, 'paused').then(
    (n) => process.send?.(n),
    (error: unknown) => process.send?.(String(error)),
  );
});
process.send?.('ready');

// A replica that commits a change and never publishes its event: crash-child <dapr port> <replica>.
// Sends the event's id to the parent.
import { createDapr, type Dapr } from '../src/dapr/dapr.js';
import { key, put } from '../src/store/state.js';
import { openStore } from '../src/store/store.js';

const [port = '', replica = ''] = process.argv.slice(2);
const dapr = createDapr({ port, apiToken: undefined });
let id = '';
const mute: Dapr = {
  ...dapr,
  publish(events) {
    id = events[0]?.id ?? '';
    return new Promise(() => undefined);
  },
};
const store = await openStore({ dapr: mute, app: 'shop', replica });
const event = { type: 'count.changed', version: 1, subject: 'crashed', sequence: 1, data: { name: 'crashed', n: 1 } };
await store.transact([], () => ({ write: [put(key('count', 'crashed'), { n: 1 })], events: [event], result: undefined }));
setImmediate(() => process.send?.(id));
setInterval(() => undefined, 1_000);

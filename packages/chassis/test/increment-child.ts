// A replica that increments shared counters:
// increment-child <dapr port> <replica> <documents> <increments>
import { createDapr } from '../src/dapr/dapr.js';
import { key, put } from '../src/store/state.js';
import { openStore } from '../src/store/store.js';

const [port = '', replica = '', documents = '1', increments = '0'] = process.argv.slice(2);
const store = await openStore({ dapr: createDapr({ port, apiToken: undefined }), app: 'shop', replica, patienceMs: 60_000 });

let left = Number(increments);
async function work(): Promise<void> {
  while (left > 0) {
    const counter = key<{ n: number }>('count', `shared-${left-- % Number(documents)}`);
    await store.transact([counter], (docs) => ({ write: [put(counter, { n: (docs.get(counter)?.n ?? 0) + 1 })], result: undefined }));
  }
}
await Promise.all(Array.from({ length: 64 }, work));
await store.close();
process.exit(0);

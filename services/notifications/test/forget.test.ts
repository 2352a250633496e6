import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createDapr } from '@sidecart/chassis/dapr';
import { createLogger } from '@sidecart/chassis/logger';
import { openStore, type Store } from '@sidecart/chassis/store';
import { startSidecar, testComponents } from '@sidecart/runner/sidecar';
import { forget } from '../src/forget.js';
import { createSender } from '../src/sender.js';
import { messageKey } from '../src/store.js';

const logger = createLogger('notifications');
logger.level = 'silent';

let sidecar: Awaited<ReturnType<typeof startSidecar>>;
let components: Awaited<ReturnType<typeof testComponents>>;
let [sending, forgetting]: Store[] = [];
/**
 * Runs once, after the sending replica has loaded this message's documents and before it commits
 * them.
 */
let beforeCommit: { of: string; run: () => Promise<void> } | undefined;

beforeAll(async () => {
  components = await testComponents({ pubsub: 'in-memory' });
  sidecar = await startSidecar({ appId: 'notifications', ...components });
  const dapr = createDapr({ port: sidecar.httpPort, apiToken: undefined });
  const commit: typeof dapr.commit = async (writes) => {
    const due = beforeCommit;
    if (due && writes.some(({ key }) => key === messageKey(due.of))) {
      beforeCommit = undefined;
      await due.run();
    }
    return dapr.commit(writes);
  };
  const open = (replica: string, own: typeof dapr) => openStore({ dapr: own, app: 'notifications', replica });
  [sending, forgetting] = await Promise.all([open('sending', { ...dapr, commit }), open('forgetting', dapr)]);
}, 60_000);

afterAll(async () => {
  await Promise.all([sending?.close(), forgetting?.close()]);
  await sidecar?.stop();
  await rm(components.folder, { recursive: true, force: true });
});

function replicas() {
  if (!sending || !forgetting) throw new Error('not started');
  return { sending, forgetting };
}

describe('a message that one replica saves while another forgets the person', () => {
  test.each([
    ['their first', 0],
    ['one of many', 120],
  ])('stores no recipient: %s', async (_name, earlier) => {
    const { sending, forgetting } = replicas();
    const userId = randomUUID();
    const channels = { email: async () => undefined, sms: async () => undefined };
    const { enqueue } = createSender({ store: sending, channels, logger });
    const notice = (id: string) =>
      enqueue({
        id,
        channel: 'email',
        to: 'ann@example.com',
        subject: 'Hello',
        text: '',
        html: '',
        template: 'welcome',
        reference: userId,
        userId,
      });
    const ids = Array.from({ length: earlier + 1 }, () => randomUUID());
    const [late = '', ...before] = ids;
    for (const id of before) await notice(id);

    beforeCommit = { of: late, run: () => forget(forgetting, userId) };
    await notice(late);
    expect(beforeCommit).toBeUndefined();

    const messages = await Promise.all(ids.map((id) => forgetting.read(messageKey(id))));
    expect(messages.map((message) => message?.to)).toEqual(ids.map(() => ''));
  });
});

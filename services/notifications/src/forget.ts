import { page } from '@sidecart/chassis/lists';
import { put } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { nameless } from './message.js';
import { goneKey, messageKey, messagesOf } from './store.js';

const AT_ONCE = 100;

/** Removes a person's address from all that was sent to them, and from what is sent from now on. */
export async function forget(store: Store, userId: string): Promise<void> {
  await store.transact([goneKey(userId)], () => ({ write: [put(goneKey(userId), true)], result: undefined }));
  let cursor: string | undefined;
  do {
    const { data, next } = await page(store, messagesOf(userId), { cursor, limit: AT_ONCE });
    await store.transact(data.map(messageKey), (docs) => {
      const messages = docs.all(data.map(messageKey)).filter((message) => message !== undefined);
      return { write: messages.map((message) => put(messageKey(message.id), nameless(message))), result: undefined };
    });
    cursor = next ?? undefined;
  } while (cursor !== undefined);
}

import { page } from '@sidecart/chassis/lists';
import { put } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { erase } from './message.js';
import { goneKey, messageKey, messagesOf } from './store.js';

const AT_ONCE = 100;

/** Removes a person from all messages sent to them, and from any message saved later. */
export async function forget(store: Store, userId: string): Promise<void> {
  const [gone, own] = [goneKey(userId), messagesOf(userId).head];
  // Saving a message writes the person's list and only reads `gone`. Writing the list here makes a
  // message that is being saved on another replica conflict. So it is either in the list that is
  // read below, or saved without the recipient.
  await store.transact([gone, own], (docs) => ({
    write: [put(gone, true), put(own, docs.get(own) ?? { count: 0, tail: [] })],
    result: undefined,
  }));
  let cursor: string | undefined;
  do {
    const { data, next } = await page(store, messagesOf(userId), { cursor, limit: AT_ONCE });
    await store.transact(data.map(messageKey), (docs, now) => {
      const messages = docs.all(data.map(messageKey)).filter((message) => message !== undefined);
      return { write: messages.map((message) => put(messageKey(message.id), erase(message, now))), result: undefined };
    });
    cursor = next ?? undefined;
  } while (cursor !== undefined);
}

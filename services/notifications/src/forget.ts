import { page } from '@sidecart/chassis/lists';
import { put } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { erase } from './message.js';
import { goneKey, messageKey, messagesOf } from './store.js';

const AT_ONCE = 100;

/** Removes a person's address from all messages that were sent to them, and from those that are sent from now on. */
export async function forget(store: Store, userId: string): Promise<void> {
  const [gone, own] = [goneKey(userId), messagesOf(userId).at];
  // Noting a message writes the person's list and only reads `gone`. Writing the list here makes a message that is being noted
  // on another replica conflict, so it is either in the list that is walked below or noted without the address.
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

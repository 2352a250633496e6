import { list, page, type Page } from '@sidecart/chassis/lists';
import { key, type Key } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import type { Delivery } from './message.js';

export const messageKey = (eventId: string): Key<Delivery> => key('message', eventId);
/** The ids of all messages. */
export const messages = list<string>('messages');

/** The ids of a person's messages. */
export const messagesOf = (userId: string) => list<string>('messages-of', userId);
/** Exists if the person has deleted their account. */
export const goneKey = (userId: string): Key<true> => key('gone', userId);

export async function messagePage(store: Store, query: { cursor?: string | undefined; limit: number }): Promise<Page<Delivery>> {
  const { data: ids, next } = await page(store, messages, query);
  const data = await Promise.all(ids.map((id) => store.read(messageKey(id))));
  return { data: data.filter((delivery) => delivery !== undefined), next };
}

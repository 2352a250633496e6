import { until } from '@sidecart/runner/until';
import type { TestApp } from '@sidecart/testing/app';
import type { Delivery } from '../src/message.js';
import { messageKey } from '../src/store.js';

/** Waits until a message was sent or has failed, and returns it. */
export function delivered({ store }: Pick<TestApp, 'store'>, id: string): Promise<Readonly<Delivery>> {
  return until(`the delivery of ${id}`, 10, async () => {
    const delivery = await store.read(messageKey(id));
    return delivery && delivery.status !== 'queued' ? delivery : undefined;
  });
}

/** Waits until this many attempts to send a message have ended, and returns it. */
export function attempted({ store }: Pick<TestApp, 'store'>, id: string, attempts: number): Promise<Readonly<Delivery>> {
  return until(`attempt ${attempts} of ${id}`, 30, async () => {
    const delivery = await store.read(messageKey(id));
    return delivery && delivery.attempts >= attempts && delivery.claimedUntil === null ? delivery : undefined;
  });
}

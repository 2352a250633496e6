import type { Subscriptions } from '@sidecart/chassis/subscriptions';
import { UserSignedIn } from '@sidecart/contracts/identity';
import type { ChangeCarts } from '../cart/change.js';
import { mergeCarts } from './merge.js';

export function subscribeMerge(events: Subscriptions, changeCarts: ChangeCarts): void {
  events.on(UserSignedIn, async ({ id, data: { userId, cartSession } }) => {
    if (cartSession !== null) await mergeCarts(changeCarts, { session: cartSession, userId, eventId: id });
  });
}

import type { Logger } from '@sidecart/chassis/logger';
import { subscriptions, type Subscriptions } from '@sidecart/chassis/subscriptions';
import { EmailChanged, UserDeleted, UserRegistered, UserUpdated, UserVerified } from '@sidecart/contracts/identity';
import type { DropPicture } from './own-data/picture-files.js';
import type { UserIndex } from './staff/user-index.js';

export interface OwnSubscriptionsOptions {
  index: UserIndex;
  dropPicture: DropPicture;
  logger: Logger;
}

/** Does again what is done right after a commit, in case that failed. */
export function ownSubscriptions({ index, dropPicture, logger }: OwnSubscriptionsOptions): Subscriptions {
  const events = subscriptions({ app: 'identity', logger });

  events.on(UserRegistered, ({ data }) => index.refresh(data.userId));
  events.on(UserUpdated, ({ data }) => index.refresh(data.userId));
  events.on(UserVerified, ({ data }) => index.refresh(data.userId));
  events.on(EmailChanged, ({ data }) => index.refresh(data.userId));
  events.on(UserDeleted, async ({ data: { userId } }) => {
    await Promise.all([index.refresh(userId), dropPicture(userId)]);
  });

  return events;
}

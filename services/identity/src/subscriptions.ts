import type { Logger } from '@sidecart/chassis/logger';
import { subscriptions, type Subscriptions } from '@sidecart/chassis/subscriptions';
import { EmailChanged, UserDeleted, UserRegistered, UserUpdated, UserVerified } from '@sidecart/contracts/identity';
import type { DropPicture } from './pictures/drop.js';
import type { UserIndex } from './staff/user-index.js';

/** What was tried right after a commit is done here where it failed. */
export function ownSubscriptions({
  index,
  dropPicture,
  logger,
}: {
  index: UserIndex;
  dropPicture: DropPicture;
  logger: Logger;
}): Subscriptions {
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

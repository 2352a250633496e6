import { DomainError } from '@sidecart/chassis/errors';
import { key, put, type Key } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import type { Subscriptions } from '@sidecart/chassis/subscriptions';
import { UserDeleted, UserReinstated, UserSuspended } from '@sidecart/contracts/identity';

interface AccountStanding {
  barred: boolean;
  /** The version of the account in the event that this came from. */
  version: number;
}

const standingKey = (userId: string): Key<AccountStanding> => key('standing', userId);

export type Standing = ReturnType<typeof createStanding>;

/**
 * Keeps which accounts are suspended or deleted, from identity's events, because their access
 * tokens remain valid for some minutes.
 */
export function createStanding(store: Store) {
  function save(userId: string, version: number, barred: boolean): Promise<void> {
    const key = standingKey(userId);
    return store.transact([key], (docs) => {
      const current = docs.get(key);
      const isOld = current !== undefined && current.version >= version;
      return { write: isOld ? [] : [put(key, { barred, version })], result: undefined };
    });
  }

  return {
    /**
     * Throws `forbidden` for an account that is suspended or deleted. Costs no extra call if
     * other documents are read at the same time.
     */
    async check(userId: string): Promise<void> {
      const standing = await store.read(standingKey(userId));
      if (standing?.barred) throw new DomainError('forbidden', 'account-suspended', 'This account is suspended.');
    },

    listen(events: Subscriptions): void {
      events.on(UserSuspended, ({ data, sequence }) => save(data.userId, sequence, true));
      events.on(UserReinstated, ({ data, sequence }) => save(data.userId, sequence, false));
      events.on(UserDeleted, ({ data, sequence }) => save(data.userId, sequence, true));
    },
  };
}

import { UserDeleted, UserReinstated, UserSuspended } from '@sidecart/contracts/identity';
import { DomainError } from '../http/errors.js';
import { key, put, type Key } from '../store/state.js';
import type { Store } from '../store/store.js';
import type { Subscriptions } from '../dapr/subscriptions.js';

interface Known {
  barred: boolean;
  /** The account's version that told so. */
  version: number;
}

const knownKey = (userId: string): Key<Known> => key('standing', userId);

export type Standing = ReturnType<typeof createStanding>;

/** Which accounts are suspended or deleted, as identity's events say: their access tokens are good for some minutes more. */
export function createStanding(store: Store) {
  function note(userId: string, version: number, barred: boolean): Promise<void> {
    const at = knownKey(userId);
    return store.transact([at], (docs) => {
      const known = docs.get(at);
      return known && known.version >= version ? { result: undefined } : { write: [put(at, { barred, version })], result: undefined };
    });
  }

  return {
    /** Throws `forbidden` for an account that is suspended or deleted. Where other documents are read at the same time it costs no call. */
    async check(userId: string): Promise<void> {
      if ((await store.read(knownKey(userId)))?.barred)
        throw new DomainError('forbidden', 'account-suspended', 'This account is suspended.');
    },

    listen(events: Subscriptions): void {
      events.on(UserSuspended, ({ data, sequence }) => note(data.userId, sequence, true));
      events.on(UserReinstated, ({ data, sequence }) => note(data.userId, sequence, false));
      events.on(UserDeleted, ({ data, sequence }) => note(data.userId, sequence, true));
    },
  };
}

import type { Files } from '@sidecart/chassis/files';
import { put } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { withPicture } from '../accounts/user.js';
import { userKey } from '../store.js';

export const pictureFile = (name: string): string => `pictures/${name}`;

export type DropPicture = (userId: string) => Promise<void>;

/** Removes the picture of an account that was deleted, and then its name: a failure leaves the name for the next try. */
export function createDropPicture({ store, files }: { store: Store; files: Files }): DropPicture {
  return async (userId) => {
    const user = await store.read(userKey(userId));
    if (user?.status !== 'deleted' || user.picture === null) return;
    await files.remove(pictureFile(user.picture));
    await store.transact([userKey(userId)], (docs) => {
      const kept = docs.get(userKey(userId));
      return { write: kept ? [put(userKey(userId), withPicture(kept, null))] : [], result: undefined };
    });
  };
}

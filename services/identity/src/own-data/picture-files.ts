import type { Files } from '@sidecart/chassis/files';
import { put } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { userKey } from '../accounts/store.js';
import { withPicture } from '../accounts/user.js';

export const pictureFile = (name: string): string => `pictures/${name}`;

export type DropPicture = (userId: string) => Promise<void>;

/**
 * Removes the picture file of a deleted account, and then its name from the account. If the file
 * cannot be removed, the name stays for a retry.
 */
export function createDropPicture({ store, files }: { store: Store; files: Files }): DropPicture {
  return async (userId) => {
    const user = await store.read(userKey(userId));
    if (user?.status !== 'deleted' || user.picture === null) return;
    await files.remove(pictureFile(user.picture));
    await store.transact([userKey(userId)], (docs) => {
      const stored = docs.get(userKey(userId));
      return { write: stored ? [put(userKey(userId), withPicture(stored, null))] : [], result: undefined };
    });
  };
}

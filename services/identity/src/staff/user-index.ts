import { exactTerms, type Documents, type Filter, type Versioned } from '@sidecart/chassis/documents';
import { page } from '@sidecart/chassis/lists';
import type { Logger } from '@sidecart/chassis/logger';
import type { Write } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { z } from 'zod';
import { everyone, origin as originOf, userKey } from '../accounts/store.js';
import { ROLES, statusOf, type User } from '../accounts/user.js';

/** An account as lists show it. */
export interface Entry extends Versioned {
  /** The id of the state store that it comes from. */
  origin: string;
  email: string;
  name: string;
  role: User['role'];
  status: ReturnType<typeof statusOf>;
  /** In ms since the Unix epoch. */
  createdAt: number;
}

/** What the index needs of an account. */
const Indexed = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  role: z.enum(ROLES),
  status: z.enum(['active', 'suspended', 'deleted']),
  verified: z.boolean(),
  version: z.number(),
  createdAt: z.string(),
});
type Indexed = z.infer<typeof Indexed>;

/** Exists once the whole state store is in the index. */
interface Completion extends Versioned {
  origin: string;
}

export interface ListOptions {
  text: string | undefined;
  role: User['role'] | undefined;
  status: Entry['status'] | undefined;
  page: number;
  limit: number;
}

const AT_ONCE = 100;

export type UserIndex = Awaited<ReturnType<typeof createUserIndex>>;

/**
 * The index that staff list and search accounts with. It is derived from state: updated after each
 * commit, again by the events of that commit, and built completely at the start if it is not
 * complete. Replicas may share it.
 */
export async function createUserIndex({ documents, store, logger }: { documents: Documents; store: Store; logger: Logger }) {
  const users = await documents.collection<Entry>('users', {
    version: 2,
    indexes: [['role', 'createdAt'], ['status', 'createdAt'], ['createdAt']],
    text: ({ name, email }) => ({ name, rest: email }),
  });
  const completions = await documents.collection<Completion>('users-made', { version: 2, indexes: [] });
  const origin = await originOf(store);

  async function index(user: Indexed): Promise<void> {
    await (user.status === 'deleted' ? users.remove(user.id, user.version) : users.put(entryOf(origin, user)));
  }

  async function refresh(userId: string): Promise<void> {
    const user = await store.read(userKey(userId));
    if (user) await index(user);
  }

  /**
   * Indexes the whole state store, unless that is done. Keeps what other replicas index in the
   * meantime.
   */
  async function ensure(): Promise<void> {
    if ((await completions.get('users'))?.origin === origin) return;
    await Promise.all([users.retain('origin', origin), completions.retain('origin', origin)]);
    let cursor: string | undefined;
    do {
      const { data, next } = await page(store, everyone, { cursor, limit: AT_ONCE });
      await Promise.all(data.map(refresh));
      cursor = next ?? undefined;
    } while (cursor !== undefined);
    await completions.put({ _id: 'users', version: 1, origin });
  }

  async function list({ text, role, status, page: number, limit }: ListOptions): Promise<{ items: Entry[]; total: number }> {
    const where: Filter<Entry> = {
      ...(role === undefined ? {} : { role }),
      ...(status === undefined ? {} : { status }),
    };
    return users.page({ where, terms: text === undefined ? undefined : exactTerms(text), sort: '-createdAt', page: number, limit });
  }

  /**
   * The store, with the index updated before a change resolves. If that fails, the change has still
   * succeeded.
   */
  const following: Store = {
    ...store,
    async transact(keys, change) {
      let written: readonly Write[] = [];
      const result = await store.transact(keys, (docs, now) => {
        const made = change(docs, now);
        written = made.write ?? [];
        return made;
      });
      const touched = written.filter(({ key }) => key.startsWith(userKey(''))).map(({ value }) => Indexed.parse(value));
      await Promise.all(touched.map(index)).catch((error: unknown) => logger.warn({ err: error }, 'index of users not updated'));
      return result;
    },
  };

  return { refresh, ensure, list, following };
}

function entryOf(origin: string, user: Indexed): Entry {
  const { id, email, name, role, version, createdAt } = user;
  return {
    _id: id,
    origin,
    version,
    email,
    name,
    role,
    status: statusOf(user),
    createdAt: Date.parse(createdAt),
  };
}

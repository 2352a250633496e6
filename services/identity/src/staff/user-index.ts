import { search, words, type Documents, type Filter, type Versioned } from '@sidecart/chassis/documents';
import { page } from '@sidecart/chassis/lists';
import type { Logger } from '@sidecart/chassis/logger';
import type { Write } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { z } from 'zod';
import { statusOf, type User } from '../accounts/user.js';
import { everyone, origin, userKey } from '../store.js';
import { Role } from './member.js';

/** An account in lists: all that they show, so that none needs the state. */
export interface Entry extends Versioned {
  /** The state that it is made from. */
  of: string;
  email: string;
  name: string;
  role: User['role'];
  status: ReturnType<typeof statusOf>;
  /** In ms since 1970. */
  createdAt: number;
  words: string[];
}

/** What the index needs of an account. */
const Kept = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  role: Role,
  status: z.enum(['active', 'suspended', 'deleted']),
  verified: z.boolean(),
  version: z.number(),
  createdAt: z.string(),
});
type Kept = z.infer<typeof Kept>;

/** There once all of this state is in the index. */
interface Made extends Versioned {
  of: string;
}

export interface Wanted {
  text: string | undefined;
  role: User['role'] | undefined;
  status: Entry['status'] | undefined;
  page: number;
  limit: number;
}

const AT_ONCE = 100;

export type UserIndex = Awaited<ReturnType<typeof createUserIndex>>;

/**
 * Staff's table of accounts. Made from state alone: after each commit, again by that commit's events, and as a whole at the start unless all of
 * this state is there. Replicas may share the documents.
 */
export async function createUserIndex({ documents, store, logger }: { documents: Documents; store: Store; logger: Logger }) {
  const users = await documents.collection<Entry>('users', {
    indexes: [['role', 'createdAt'], ['status', 'createdAt'], ['words'], ['createdAt']],
  });
  const made = await documents.collection<Made>('users-made', { indexes: [] });
  const of = await origin(store);

  async function keep(user: Kept): Promise<void> {
    await (user.status === 'deleted' ? users.remove(user.id, user.version) : users.put(entryOf(of, user)));
  }

  async function refresh(userId: string): Promise<void> {
    const user = await store.read(userKey(userId));
    if (user) await keep(user);
  }

  /** Indexes all of this state unless that is done. What other replicas have indexed of it meanwhile stays. */
  async function ensure(): Promise<void> {
    if ((await made.get('users'))?.of === of) return;
    await Promise.all([users.retain('of', of), made.retain('of', of)]);
    let cursor: string | undefined;
    do {
      const { data, next } = await page(store, everyone, { cursor, limit: AT_ONCE });
      await Promise.all(data.map(refresh));
      cursor = next ?? undefined;
    } while (cursor !== undefined);
    await made.put({ _id: 'users', version: 1, of });
  }

  async function list({ text, role, status, page: number, limit }: Wanted): Promise<{ items: Entry[]; total: number }> {
    const where: Filter<Entry> = {
      ...(text === undefined ? {} : search(text)),
      ...(role === undefined ? {} : { role }),
      ...(status === undefined ? {} : { status }),
    };
    return users.page({ where, sort: '-createdAt', page: number, limit });
  }

  /** The store, whose changes of accounts are in the index when they return. What is committed is done, whatever becomes of the index. */
  const following: Store = {
    ...store,
    async transact(keys, change) {
      let written: readonly Write[] = [];
      const result = await store.transact(keys, (docs, now) => {
        const made = change(docs, now);
        written = made.write ?? [];
        return made;
      });
      const touched = written.filter(({ key }) => key.startsWith(userKey(''))).map(({ value }) => Kept.parse(value));
      await Promise.all(touched.map(keep)).catch((error: unknown) => logger.warn({ err: error }, 'the index of users is behind'));
      return result;
    },
  };

  return { refresh, ensure, list, following };
}

function entryOf(of: string, user: Kept): Entry {
  const { id, email, name, role, version, createdAt } = user;
  return {
    _id: id,
    of,
    version,
    email,
    name,
    role,
    status: statusOf(user),
    createdAt: Date.parse(createdAt),
    words: words(`${email} ${name}`),
  };
}

import type { Change, Docs } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import type { User } from '../accounts/user.js';
import type { Client } from '../client.js';
import { newSecrets, type Purpose, type Secrets } from '../codes/code.js';
import { nobody, sending, sentKey, codeKey } from '../codes/store.js';
import type { Post } from '../mails.js';
import { ownerKey, userKey } from '../store.js';
import type { Limits } from '../throttle/limits.js';

export interface CodeSenderOptions {
  store: Store;
  post: Post;
  limits: Limits;
  /** Where links lead to. */
  pages: string;
}

export type CodeSender = ReturnType<typeof createCodeSender>;

/** Sends codes and links to addresses, and does the same work where an address has no account. */
export function createCodeSender({ store, post, limits, pages }: CodeSenderOptions) {
  function mailLink(
    purpose: 'verify-email' | 'reset-password',
    { id: userId, email: to, name }: User,
    { digits: code, link }: Secrets,
  ): void {
    post({ template: purpose, to, name, userId, code, link: `${pages}/${purpose}#token=${userId}.${link}` });
  }

  /** Sends a code to the address if it has an account that `change` wants one for. Throws `limited`, whether it has one or not. */
  async function toAddress(
    purpose: 'verify-email' | 'reset-password',
    emailKey: string,
    from: Client,
    change: (user: User) => Pick<Change<undefined>, 'events'> | undefined,
  ): Promise<void> {
    const secrets = newSecrets();
    const now = new Date();
    const quotas = limits.message({ purpose, target: emailKey }, from);
    const user = await store.transact([ownerKey(emailKey), ...quotas.map(({ at }) => at)], (docs) => {
      const { holder, user } = holderOf(docs, purpose, emailKey);
      const wanted = user && change(user);
      const write = sending(docs, { purpose, holder, target: emailKey }, secrets, quotas, now);
      return { write, events: wanted?.events ?? [], result: wanted && user };
    });
    if (user) mailLink(purpose, user, secrets);
  }

  return { toAddress, mailLink };
}

function holderOf(docs: Docs, purpose: Purpose, emailKey: string) {
  const holder = docs.get(ownerKey(emailKey)) ?? nobody(emailKey);
  docs.all<unknown>([userKey(holder), codeKey(purpose, holder), sentKey(purpose, holder)]); // one load for all
  return { holder, user: docs.get(userKey(holder)) };
}

import type { Change, Docs } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { ownerKey, userKey } from '../accounts/store.js';
import type { User } from '../accounts/user.js';
import type { Client } from '../client.js';
import type { Limits } from '../limits/limits.js';
import { newSecrets, type Purpose, type Secrets } from './code.js';
import type { Post } from './messages.js';
import { codeKey, issueCode, noAccount, sentKey } from './store.js';

export interface CodeSenderOptions {
  store: Store;
  post: Post;
  limits: Limits;
  /** The address of the pages that links lead to. */
  pages: string;
}

export type CodeSender = ReturnType<typeof createCodeSender>;

/** Mails codes and links, and does the same work for an email address without an account. */
export function createCodeSender({ store, post, limits, pages }: CodeSenderOptions) {
  function mailLink(
    purpose: 'verify-email' | 'reset-password',
    { id: userId, email: to, name }: User,
    { digits: code, link }: Secrets,
  ): void {
    post({ template: purpose, to, name, userId, code, link: `${pages}/${purpose}#token=${userId}.${link}` });
  }

  /**
   * Mails a code if the email address has an account for which `change` returns a change. Throws
   * `limited`, whether there is an account or not.
   */
  async function mailCode(
    purpose: 'verify-email' | 'reset-password',
    emailKey: string,
    from: Client,
    change: (user: User) => Pick<Change<undefined>, 'events'> | undefined,
  ): Promise<void> {
    const secrets = newSecrets();
    const quotas = limits.message({ purpose, target: emailKey }, from);
    const user = await store.transact([ownerKey(emailKey), ...quotas.map(({ usage }) => usage)], (docs, now) => {
      const { holder, user } = holderOf(docs, purpose, emailKey);
      const wanted = user && change(user);
      const write = issueCode(docs, { purpose, holder, target: emailKey }, secrets, quotas, now);
      return { write, events: wanted?.events ?? [], result: wanted && user };
    });
    if (user) mailLink(purpose, user, secrets);
  }

  return { mailCode, mailLink };
}

function holderOf(docs: Docs, purpose: Purpose, emailKey: string) {
  const holder = docs.get(ownerKey(emailKey)) ?? noAccount(emailKey);
  docs.all<unknown>([userKey(holder), codeKey(purpose, holder), sentKey(purpose, holder)]); // one load for all
  return { holder, user: docs.get(userKey(holder)) };
}

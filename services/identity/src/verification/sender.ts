import type { Change, Docs } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import type { User } from '../accounts/user.js';
import { network, type Client } from '../client.js';
import { newSecrets, type Purpose, type Secrets } from '../codes/code.js';
import { nobody, sending, sentKey, codeKey } from '../codes/store.js';
import type { Post } from '../mails.js';
import { settle } from '../settle.js';
import { ownerKey, userKey } from '../store.js';
import { putFailed, refusal, triesKey } from '../throttle/tries.js';

export interface CodeSenderOptions {
  store: Store;
  post: Post;
  /** Where links lead to. */
  pages: string;
}

export type CodeSender = ReturnType<typeof createCodeSender>;

/** Sends codes and links to addresses, and does the same work where an address has no account. */
export function createCodeSender({ store, post, pages }: CodeSenderOptions) {
  function mailLink(
    purpose: 'verify-email' | 'reset-password',
    { id: userId, email: to, name }: User,
    { digits: code, link }: Secrets,
  ): void {
    post({ template: purpose, to, name, userId, code, link: `${pages}/${purpose}#token=${userId}.${link}` });
  }

  /** Sends a code to the address, if there is an account that `wants` it. Throws `limited`, in either case. */
  async function toAddress(
    purpose: 'verify-email' | 'reset-password',
    emailKey: string,
    from: Client,
    change: (user: User) => Pick<Change<undefined>, 'events'> | undefined,
  ): Promise<void> {
    const secrets = newSecrets();
    const now = new Date();
    const place = triesKey('codes', network(from.address));
    const user = await settle(store, [ownerKey(emailKey), place], (docs) => {
      const refused = refusal(docs, [place], now);
      if (refused) return { result: refused };
      const { holder, user } = holderOf(docs, purpose, emailKey);
      const wanted = user && change(user);
      const write = [...sending(docs, { purpose, holder, target: emailKey }, secrets, now), putFailed(docs, 'codes', place, now)];
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

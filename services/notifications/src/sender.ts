import { append } from '@sidecart/chassis/lists';
import { put } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import type { Mail } from './mailer.js';
import { nameless, type Message } from './message.js';
import { observed } from './observed.js';
import { goneKey, messageKey, messages, messagesOf } from './store.js';

export interface Notice extends Mail, Pick<Message, 'template' | 'reference'> {
  /** Whom the mail is for. */
  userId: string;
}

export interface SenderOptions {
  store: Store;
  channel: Message['channel'];
  send: (mail: Mail) => Promise<void>;
}

/** Sends the mail of an event once, however often the event comes: again only after a crash between the sending and the noting of it. */
export function createSender({ store, channel, send }: SenderOptions): (notice: Notice) => Promise<void> {
  const underWay = new Map<string, Promise<void>>();

  async function sendUnlessSent({ template, reference, userId, ...mail }: Notice): Promise<void> {
    const { id, to, subject } = mail;
    const at = messageKey(id);
    if (await store.read(at)) return;
    await observed({ channel, template }, () => send(mail));
    const own = messagesOf(userId);
    const message: Message = { id, channel, to, subject, template, status: 'sent', at: new Date().toISOString(), reference };
    await store.transact([at, messages.at, own.at, goneKey(userId)], (docs) => {
      const noted = docs.get(goneKey(userId)) ? nameless(message) : message;
      const write = docs.get(at) ? [] : [put(at, noted), ...append(docs, messages, id), ...append(docs, own, id)];
      return { write, result: undefined };
    });
  }

  return (notice) => {
    const sending = underWay.get(notice.id) ?? sendUnlessSent(notice).finally(() => underWay.delete(notice.id));
    underWay.set(notice.id, sending);
    return sending;
  };
}

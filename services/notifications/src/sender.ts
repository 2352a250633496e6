import { createDeadlines } from '@sidecart/chassis/deadlines';
import { DomainError } from '@sidecart/chassis/errors';
import { append } from '@sidecart/chassis/lists';
import type { Logger } from '@sidecart/chassis/logger';
import { put } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import pLimit from 'p-limit';
import type { Mail } from './mailer.js';
import { attemptFailed, claim, erase, queue, retryDelay, sent, type Delivery, type Message, type NewMessage } from './message.js';
import { observed } from './observed.js';
import { goneKey, messageKey, messages, messagesOf } from './store.js';

export interface Notice extends NewMessage {
  /** Whom the message is for. */
  userId: string;
}

export interface SenderOptions {
  store: Store;
  logger: Logger;
  /** Hands a message to the mail server or the SMS gateway. Throws `invalid` if it can never be delivered. */
  channels: Record<Message['channel'], (mail: Mail) => Promise<void>>;
}

export type Sender = ReturnType<typeof createSender>;

const AT_ONCE = 10;
/** More than this wait for the first look at them. */
const MAX_WAITING = 1_000;
/** The first look at a message that was not sent right away. */
const FIRST_LOOK_MS = 60_000;

/**
 * Sends each message once, under the id of the event or call that asked for it. A message is saved before it is sent, and tried
 * again for a day: a mail server that is away delays mail and nothing else. Only a crash between the sending and the noting of it
 * sends a message twice.
 */
export function createSender({ store, logger, channels }: SenderOptions) {
  const deadlines = createDeadlines({ store, name: 'message', due: deliver });
  const inTurn = pLimit(AT_ONCE);
  const active = new Set<Promise<unknown>>();
  let isClosed = false;

  /** Resolves when the message is saved. It is sent right after that, ten at a time. */
  async function enqueue({ userId, ...message }: Notice): Promise<void> {
    const { id } = message;
    const [to, own] = [messageKey(id), messagesOf(userId)];
    const isNew = await store.transact([to, messages.at, own.at, goneKey(userId)], (docs, now) => {
      if (docs.get(to)) return { result: false };
      const queued = queue(message, now);
      const delivery = docs.get(goneKey(userId)) ? erase(queued, now) : queued;
      const noted = deadlines.note(docs, id, new Date(now.getTime() + FIRST_LOOK_MS));
      return { write: [put(to, delivery), ...append(docs, messages, id), ...append(docs, own, id), ...noted], result: true };
    });
    if (isNew && inTurn.pendingCount < MAX_WAITING) void deliver(id).catch(() => undefined); // tried again at its deadline
  }

  /** Makes one attempt at a queued message. Returns after how many ms the next is due, or `undefined` if it is done. */
  function deliver(id: string): Promise<number | undefined> {
    const attempt = inTurn(() => attemptOf(id)).finally(() => active.delete(attempt));
    active.add(attempt);
    return attempt;
  }

  async function attemptOf(id: string): Promise<number | undefined> {
    if (isClosed) return FIRST_LOOK_MS;
    const claimed = await change(id, claim);
    if (!claimed) return undefined;
    if (!('content' in claimed)) return claimed.claimedUntil.getTime() - Date.now();
    const { content, channel, template } = claimed;
    if (!content) return undefined;
    try {
      await observed({ channel, template }, () => channels[channel]({ id, ...content }));
    } catch (error) {
      logger.warn({ err: error, messageId: id, template }, 'message not sent');
      return retryAfter(id, error);
    }
    await change(id, sent);
    return undefined;
  }

  async function retryAfter(id: string, error: unknown): Promise<number | undefined> {
    const isFinal = error instanceof DomainError && error.kind === 'invalid';
    const failure = { error: error instanceof Error ? error.message : String(error), isFinal };
    return store.transact([messageKey(id)], (docs, now) => {
      const before = docs.get(messageKey(id));
      if (!before) return { result: undefined };
      const after = attemptFailed(before, failure, now);
      const delay = after.status === 'queued' ? retryDelay(after, now) : undefined;
      return { write: after === before ? [] : [put(messageKey(id), after)], result: delay };
    });
  }

  /** Applies `to` to a message and saves what it returns, if that is a message. */
  function change<R>(id: string, to: (delivery: Delivery, now: Date) => Delivery | R): Promise<Delivery | R | undefined> {
    return store.transact([messageKey(id)], (docs, now) => {
      const before = docs.get(messageKey(id));
      const after = before && to(before, now);
      const isChanged = isDelivery(after) && after !== before;
      return { write: isChanged ? [put(messageKey(id), after)] : [], result: after };
    });
  }

  return {
    enqueue,
    /** Tries the messages that are due, ten at a time. */
    onCron: deadlines.drain,
    /** Waits for the attempts under way. */
    async close(): Promise<void> {
      isClosed = true;
      await Promise.allSettled(active);
    },
  };
}

const isDelivery = (value: unknown): value is Delivery => typeof value === 'object' && value !== null && 'status' in value;

import { createDeadlines } from '@sidecart/chassis/deadlines';
import { DomainError } from '@sidecart/chassis/errors';
import { append } from '@sidecart/chassis/lists';
import type { Logger } from '@sidecart/chassis/logger';
import { put } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import pLimit from 'p-limit';
import type { Mail } from './mailer.js';
import { attemptFailed, claim, erase, queue, retryDelay, sent, type Channel, type Delivery, type NewMessage } from './message.js';
import { observed } from './observed.js';
import { goneKey, messageKey, messages, messagesOf } from './store.js';

export interface Notice extends NewMessage {
  /** The recipient's account. */
  userId: string;
}

export interface SenderOptions {
  store: Store;
  logger: Logger;
  /**
   * Sends through the mail server or the SMS gateway. Throws `invalid` if the message can never be
   * delivered.
   */
  channels: Record<Channel, (mail: Mail) => Promise<void>>;
}

export type Sender = ReturnType<typeof createSender>;

const AT_ONCE = 10;
/** Further messages wait for their first deadline. */
const MAX_WAITING = 1_000;
/** The first deadline of a message that was not sent right away. */
const FIRST_DEADLINE_MS = 60_000;

/**
 * Sends each message once, by the id of the event or call that requested it. A message is saved
 * before it is sent, and retried for a day, so an outage of the mail server delays mail and nothing
 * else. Only a crash between sending a message and recording that sends it twice.
 */
export function createSender({ store, logger, channels }: SenderOptions) {
  const deadlines = createDeadlines({ store, name: 'message', due: deliver });
  const inTurn = pLimit(AT_ONCE);
  const active = new Set<Promise<unknown>>();
  let isClosed = false;

  /** Resolves when the message is saved. It is sent right afterwards, ten at a time. */
  async function enqueue({ userId, ...message }: Notice): Promise<void> {
    const { id } = message;
    const [stored, own] = [messageKey(id), messagesOf(userId)];
    const isNew = await store.transact([stored, messages.head, own.head, goneKey(userId)], (docs, now) => {
      if (docs.get(stored)) return { result: false };
      const queued = queue(message, now);
      const delivery = docs.get(goneKey(userId)) ? erase(queued, now) : queued;
      const noted = deadlines.schedule(docs, id, new Date(now.getTime() + FIRST_DEADLINE_MS));
      return { write: [put(stored, delivery), ...append(docs, messages, id), ...append(docs, own, id), ...noted], result: true };
    });
    if (isNew && inTurn.pendingCount < MAX_WAITING) void deliver(id).catch(() => undefined); // retried at its deadline
  }

  /**
   * Attempts to send a queued message. Returns after how many ms to try again, or `undefined` if it
   * is no longer queued.
   */
  function deliver(id: string): Promise<number | undefined> {
    const attempt = inTurn(() => attemptOf(id)).finally(() => active.delete(attempt));
    active.add(attempt);
    return attempt;
  }

  async function attemptOf(id: string): Promise<number | undefined> {
    if (isClosed) return FIRST_DEADLINE_MS;
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

  /** Applies `to` to a message, and saves the result if it is a message. */
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
    /** Sends the messages that are due, ten at a time. */
    onCron: deadlines.drain,
    /** Waits for attempts in progress. */
    async close(): Promise<void> {
      isClosed = true;
      await Promise.allSettled(active);
    },
  };
}

const isDelivery = (value: unknown): value is Delivery => typeof value === 'object' && value !== null && 'status' in value;

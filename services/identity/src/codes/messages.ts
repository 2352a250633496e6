import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '@sidecart/chassis/errors';
import type { Logger } from '@sidecart/chassis/logger';
import type { Mail, Sms } from '@sidecart/contracts/notifications';
import { CODE_SECONDS } from './code.js';

type WithoutId<M> = M extends unknown ? Omit<M, 'id'> : never;
export type Post = (message: WithoutId<Mail | Sms>) => void;

export interface Clock {
  /** Returns the time in ms. */
  now(): number;
  /** Resolves after `ms`, or as soon as `signal` is aborted. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

export interface MessagesOptions {
  sendMail: (mail: Mail) => Promise<unknown>;
  sendSms: (sms: Sms) => Promise<unknown>;
  logger: Logger;
  clock?: Clock;
  /** How long `drain` waits for calls in progress. */
  drainMs?: number;
}

const FIRST_PAUSES_MS = [500, 2_000, 8_000];
const PAUSE_MS = 15_000;
const MAX_PENDING = 1_000;

const realClock: Clock = {
  now: () => performance.now(),
  pause: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
};

export type Messages = ReturnType<typeof createMessages>;

/**
 * Posts mails and text messages in the background: a slower response for an email address with an
 * account would reveal the account. While notifications is away, a message is sent again until the
 * code in it has expired. Messages are kept in memory only; if a crash loses one, its recipient
 * asks for a new code.
 */
export function createMessages({ sendMail, sendSms, logger, clock = realClock, drainMs = 3_000 }: MessagesOptions) {
  const pending = new Map<Mail | Sms, Promise<void>>();
  const closing = new AbortController();
  setMaxListeners(MAX_PENDING, closing.signal);

  /** Throws the last failure. */
  async function send(message: Mail | Sms): Promise<void> {
    const expiresAt = clock.now() + CODE_SECONDS * 1_000;
    for (let attempt = 0; ; attempt++) {
      const isLast = closing.signal.aborted;
      try {
        await (message.template === 'change-phone' ? sendSms(message) : sendMail(message));
        return;
      } catch (error) {
        const pause = FIRST_PAUSES_MS[attempt] ?? PAUSE_MS;
        const isAway = error instanceof DomainError && error.kind === 'unavailable';
        if (!isAway || isLast || clock.now() + pause >= expiresAt) throw error;
        await clock.pause(pause, closing.signal);
      }
    }
  }

  const lose = ({ template, userId }: WithoutId<Mail | Sms>, err: unknown) => logger.error({ err, template, userId }, 'message not sent');

  const post: Post = (wanted) => {
    if (pending.size >= MAX_PENDING) return lose(wanted, new Error('too many messages are pending'));
    const message = { ...wanted, id: randomUUID() };
    const sending = send(message)
      .catch((error: unknown) => lose(message, error))
      .finally(() => pending.delete(message));
    pending.set(message, sending);
  };

  /**
   * Sends pending messages once more, without waiting. Resolves when each is sent or lost, or after
   * `drainMs`.
   */
  async function drain(): Promise<void> {
    closing.abort();
    await Promise.race([Promise.all(pending.values()), delay(drainMs, undefined, { ref: false })]);
    for (const message of pending.keys()) lose(message, new Error('no answer before identity stopped'));
  }

  return { post, drain };
}

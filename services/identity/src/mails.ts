import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '@sidecart/chassis/errors';
import type { Logger } from '@sidecart/chassis/logger';
import type { Mail, Sms } from '@sidecart/contracts/notifications';
import { CODE_SECONDS } from './codes/code.js';

type WithoutId<M> = M extends unknown ? Omit<M, 'id'> : never;
export type Post = (message: WithoutId<Mail | Sms>) => void;

/** Where time comes from. */
export interface Clock {
  /** Returns the time in ms. */
  now(): number;
  /** Resolves after `ms`, or as soon as `signal` is aborted. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

export interface MailsOptions {
  sendMail: (mail: Mail) => Promise<unknown>;
  sendSms: (sms: Sms) => Promise<unknown>;
  logger: Logger;
  clock?: Clock;
  /** How long `settled` waits for calls under way. */
  closingMs?: number;
}

const FIRST_PAUSES_MS = [500, 2_000, 8_000];
const PAUSE_MS = 15_000;
const MAX_UNDER_WAY = 1_000;

const realClock: Clock = {
  now: () => performance.now(),
  pause: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
};

export type Mails = ReturnType<typeof createMails>;

/**
 * Posts mails and text messages in the background: a response that took longer for an address with an account would reveal the
 * account. While notifications is away, a message is tried again until the code in it has expired. It is kept in memory only, so
 * a crash loses it; its recipient asks for another code.
 */
export function createMails({ sendMail, sendSms, logger, clock = realClock, closingMs = 3_000 }: MailsOptions) {
  const underWay = new Map<Mail | Sms, Promise<void>>();
  const closing = new AbortController();
  setMaxListeners(MAX_UNDER_WAY, closing.signal);

  /** Throws the last refusal. */
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
    if (underWay.size >= MAX_UNDER_WAY) return lose(wanted, new Error('too many messages under way'));
    const message = { ...wanted, id: randomUUID() };
    const sending = send(message)
      .catch((error: unknown) => lose(message, error))
      .finally(() => underWay.delete(message));
    underWay.set(message, sending);
  };

  /** Tries the messages that wait once more, and returns when they are sent or lost, or after `closingMs`. */
  async function settled(): Promise<void> {
    closing.abort();
    await Promise.race([Promise.all(underWay.values()), delay(closingMs, undefined, { ref: false })]);
    for (const message of underWay.keys()) lose(message, new Error('no answer before identity stopped'));
  }

  return { post, settled };
}

import { Instant, OrderId } from '@sidecart/contracts/common';
import { z } from 'zod';

export const Template = z
  .enum([
    'welcome',
    'verify-email',
    'already-registered',
    'reset-password',
    'change-email',
    'second-factor',
    'change-phone',
    'password-changed',
    'email-changed',
    'phone-changed',
    'two-factor-on',
    'two-factor-off',
    'token-reused',
    'identity-linked',
    'identity-unlinked',
    'order-placed',
    'order-paid',
    'order-cancelled',
    'order-refunded',
  ])
  .meta({ examples: ['order-placed'] });

/** A message under the id of the event or call that asked for it. */
export const Message = z
  .object({
    id: z.string().meta({ examples: ['fc3c3350-113f-43df-b2f7-f42e51f9d207'] }),
    channel: z.enum(['email', 'sms']),
    to: z.string().meta({ description: 'The recipient; empty once their account is deleted.', examples: ['bea@example.com'] }),
    subject: z.string().meta({ examples: ['We have your order SC-5XNS-S16H'] }),
    template: Template,
    status: z
      .enum(['queued', 'sent', 'failed'])
      .meta({ description: 'A queued message is tried again for a day, then it has failed.', examples: ['sent'] }),
    attempts: z
      .number()
      .int()
      .meta({ description: 'How often it was handed to the mail server or SMS gateway.', examples: [1] }),
    error: z
      .string()
      .nullable()
      .meta({ description: 'Why the last attempt failed.', examples: [null] }),
    at: Instant.describe('When its status last changed.'),
    reference: OrderId.describe('The order or user that it is about.'),
  })
  .meta({ id: 'Message' });
export type Message = z.infer<typeof Message>;

/** What is handed to the mail server or the SMS gateway. */
export interface Content {
  to: string;
  subject: string;
  text: string;
  html: string;
}

/** A message and what is needed to deliver it. */
export interface Delivery extends Message {
  queuedAt: string;
  /** Kept only while the message is queued: there may be a code in it. */
  content: Content | null;
  /** A replica that delivers the message has it for itself until then. */
  claimedUntil: string | null;
}

/** Longer than a mail server may take to accept a message. */
const CLAIM_MS = 2 * 60_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const later = (now: Date, ms: number) => new Date(now.getTime() + ms).toISOString();

export type NewMessage = Pick<Message, 'id' | 'channel' | 'template' | 'reference'> & Content;

export function queue({ id, channel, template, reference, ...content }: NewMessage, now: Date): Delivery {
  const at = now.toISOString();
  const { to, subject } = content;
  return {
    id,
    channel,
    to,
    subject,
    template,
    status: 'queued',
    attempts: 0,
    error: null,
    at,
    reference,
    queuedAt: at,
    content,
    claimedUntil: null,
  };
}

/** Claims a queued message for one attempt. Returns the time until which it is someone else's, or `undefined` if it is done. */
export function claim(delivery: Delivery, now: Date): Delivery | { claimedUntil: Date } | undefined {
  if (delivery.status !== 'queued') return undefined;
  const { claimedUntil } = delivery;
  if (claimedUntil !== null && now < new Date(claimedUntil)) return { claimedUntil: new Date(claimedUntil) };
  return { ...delivery, attempts: delivery.attempts + 1, claimedUntil: later(now, CLAIM_MS) };
}

/** The message after an attempt that succeeded. */
export const sent = (delivery: Delivery, now: Date): Delivery => finish(delivery, 'sent', null, now);

/** The message after an attempt that failed: queued again, or failed if it is a day old or can never be delivered. */
export function attemptFailed(delivery: Delivery, { error, isFinal }: { error: string; isFinal: boolean }, now: Date): Delivery {
  if (delivery.status !== 'queued') return delivery;
  const isOld = now.getTime() - Date.parse(delivery.queuedAt) > DAY_MS;
  return isFinal || isOld ? finish(delivery, 'failed', error, now) : { ...delivery, error, claimedUntil: null };
}

/** How long a queued message waits for its next attempt: a minute at first, an hour at most. */
export function retryDelay({ queuedAt }: Delivery, now: Date): number {
  const age = now.getTime() - Date.parse(queuedAt);
  return Math.min(HOUR_MS, Math.max(MINUTE_MS, age / 4));
}

/** The message without the person's address and name. If it was still queued, it is not sent. */
export function erase(delivery: Delivery, now: Date): Delivery {
  const erased = delivery.status === 'queued' ? finish(delivery, 'failed', 'the account was deleted', now) : delivery;
  return { ...erased, to: '', content: null };
}

function finish(delivery: Delivery, status: 'sent' | 'failed', error: string | null, now: Date): Delivery {
  return { ...delivery, status, error, at: now.toISOString(), content: null, claimedUntil: null };
}

/** What staff see of a message. */
export function view({ id, channel, to, subject, template, status, attempts, error, at, reference }: Delivery): Message {
  return { id, channel, to, subject, template, status, attempts, error, at, reference };
}

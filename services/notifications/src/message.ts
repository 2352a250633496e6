import type { Content } from './render.js';

export const TEMPLATES = [
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
  'back-in-stock',
] as const;
export type Template = (typeof TEMPLATES)[number];

export const CHANNELS = ['email', 'sms'] as const;
export type Channel = (typeof CHANNELS)[number];

export const STATUSES = ['queued', 'sent', 'failed'] as const;

/** A message, without what is needed to deliver it. */
export interface Message {
  /** The id of the event or call that requested it. */
  id: string;
  channel: Channel;
  /** The recipient. Empty once the account is deleted. */
  to: string;
  subject: string;
  template: Template;
  /** A queued message is retried for a day before it fails. */
  status: (typeof STATUSES)[number];
  attempts: number;
  /** Why the last attempt failed. */
  error: string | null;
  /** When the status last changed. */
  at: string;
  /** The order or user it is about. */
  reference: string;
}

/** What the mail server or the SMS gateway gets. */
export interface Addressed extends Content {
  to: string;
}

/** A message with what is needed to deliver it. */
export interface Delivery extends Message {
  queuedAt: string;
  /** Null once the message is no longer queued, since it may contain a code. */
  content: Addressed | null;
  /** Until when a replica has the message for an attempt. */
  claimedUntil: string | null;
}

/** Longer than an attempt can take. */
const CLAIM_MS = 2 * 60_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const later = (now: Date, ms: number) => new Date(now.getTime() + ms).toISOString();

export type NewMessage = Pick<Message, 'id' | 'channel' | 'template' | 'reference'> & Addressed;

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

/**
 * Claims a queued message for one attempt. Returns until when another replica has it, or
 * `undefined` if it is no longer queued.
 */
export function claim(delivery: Delivery, now: Date): Delivery | { claimedUntil: Date } | undefined {
  if (delivery.status !== 'queued') return undefined;
  const { claimedUntil } = delivery;
  if (claimedUntil !== null && now < new Date(claimedUntil)) return { claimedUntil: new Date(claimedUntil) };
  return { ...delivery, attempts: delivery.attempts + 1, claimedUntil: later(now, CLAIM_MS) };
}

/** Returns the message after a successful attempt. */
export const sent = (delivery: Delivery, now: Date): Delivery => finish(delivery, 'sent', null, now);

/**
 * Returns the message after a failed attempt: queued again, or failed if it is a day old or can
 * never be delivered.
 */
export function attemptFailed(delivery: Delivery, { error, isFinal }: { error: string; isFinal: boolean }, now: Date): Delivery {
  if (delivery.status !== 'queued') return delivery;
  const isOld = now.getTime() - Date.parse(delivery.queuedAt) > DAY_MS;
  return isFinal || isOld ? finish(delivery, 'failed', error, now) : { ...delivery, error, claimedUntil: null };
}

/**
 * Returns how long, in ms, a queued message waits for its next attempt: a minute at first, an hour
 * at most.
 */
export function retryDelay({ queuedAt }: Delivery, now: Date): number {
  const age = now.getTime() - Date.parse(queuedAt);
  return Math.min(HOUR_MS, Math.max(MINUTE_MS, age / 4));
}

/** Returns the message without recipient and content. If it is queued, it will not be sent. */
export function erase(delivery: Delivery, now: Date): Delivery {
  const erased = delivery.status === 'queued' ? finish(delivery, 'failed', 'the account was deleted', now) : delivery;
  return { ...erased, to: '', content: null };
}

function finish(delivery: Delivery, status: 'sent' | 'failed', error: string | null, now: Date): Delivery {
  return { ...delivery, status, error, at: now.toISOString(), content: null, claimedUntil: null };
}

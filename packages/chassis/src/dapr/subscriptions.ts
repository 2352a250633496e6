import type { Envelope, EventType } from '@sidecart/contracts/event';
import { Router } from 'express';
import type { Logger } from '../service/logger.js';
import { handledEvents } from '../telemetry/metrics.js';
import { createEventFailures, type EventFailures } from './event-failures.js';

export type Subscriptions = ReturnType<typeof subscriptions>;

export interface SubscriptionOptions {
  app: string;
  logger: Logger;
  failures?: EventFailures;
}

/** The replies to a delivery that Dapr defines. */
const OUTCOMES = ['SUCCESS', 'RETRY', 'DROP'] as const;
type Outcome = (typeof OUTCOMES)[number];
type Handler<T> = (event: Envelope<T>) => Promise<void>;

/**
 * The events that a service handles. They are delivered at least once and in any order. An error of
 * a handler decides what happens to the event (`createEventFailures`): it is delivered again, or
 * moves to the dead-letter topic `dead-<app>`. A malformed event, or one of an unknown version,
 * moves there at once.
 */
export function subscriptions({ app, logger, failures = createEventFailures() }: SubscriptionOptions) {
  const router = Router();
  const types: string[] = [];
  const retryListeners: (() => void)[] = [];

  /** Returns what the sidecar subscribes to, on each of these pub/sub components. */
  function list(pubsubs: readonly string[]) {
    const deadLetterTopic = `dead-${app}`;
    return pubsubs.flatMap((pubsubname) => types.map((topic) => ({ pubsubname, topic, route: pathOf(topic), deadLetterTopic })));
  }

  function on<T>(type: EventType<T>, handle: Handler<T>): void {
    types.push(type.type);
    // Initialize to 0, so an alert sees the first increment.
    for (const outcome of OUTCOMES) count(type.type, outcome, 0);
    router.post(pathOf(type.type), async (req, res) => {
      const status = await outcomeOf(type, handle, req.body);
      count(type.type, status, 1);
      res.json({ status });
    });
  }

  async function outcomeOf<T>(type: EventType<T>, handle: Handler<T>, wire: unknown): Promise<Outcome> {
    const event = parse(type, wire);
    if (!event) return 'DROP';
    try {
      await handle(event);
      failures.succeeded(event.id);
      return 'SUCCESS';
    } catch (error) {
      const { status, shouldLog } = failures.judge(event.id, error);
      const message = status === 'DROP' ? 'event dropped' : 'event to be retried';
      if (shouldLog) logger.warn({ err: error, event: type.type, eventId: event.id }, message);
      if (status === 'RETRY') for (const listener of retryListeners) listener();
      return status;
    }
  }

  /** Returns `undefined` for a malformed event, and logs it. */
  function parse<T>(type: EventType<T>, wire: unknown): Envelope<T> | undefined {
    try {
      return type.parse(wire);
    } catch (error) {
      logger.warn({ err: error, event: type.type }, 'malformed event dropped');
      return undefined;
    }
  }

  /** Calls `listener` whenever an event must be delivered again. */
  const onRetry = (listener: () => void) => void retryListeners.push(listener);

  return { router, on, list, onRetry };
}

const count = (type: string, outcome: Outcome, n: number) => handledEvents.add(n, { type, outcome: outcome.toLowerCase() });

const pathOf = (type: string) => `/events/${type}`;

import { Router } from 'express';
import type { Envelope, EventType } from '@sidecart/contracts/event';
import { createEventFailures, type EventFailures } from './event-failures.js';
import type { Logger } from '../service/logger.js';
import { handledEvents } from '../telemetry/metrics.js';

export type Subscriptions = ReturnType<typeof subscriptions>;

export interface SubscriptionOptions {
  app: string;
  logger: Logger;
  failures?: EventFailures;
}

/**
 * The events that a service listens to. They are delivered at least once and in no order: a handler decides by what it knows.
 * What it throws decides what happens to the event (`createEventFailures`): it is delivered again, or goes to the dead-letter
 * topic `dead-<app>`. An event that is malformed or of an unknown version goes there at once.
 */
export function subscriptions({ app, logger, failures = createEventFailures() }: SubscriptionOptions) {
  const router = Router();
  const types: string[] = [];
  const hearers: (() => void)[] = [];

  /** Returns what the sidecar subscribes to, on each of the pub/sub components that there are. */
  function list(pubsubs: readonly string[]) {
    const deadLetterTopic = `dead-${app}`;
    return pubsubs.flatMap((pubsubname) => types.map((topic) => ({ pubsubname, topic, route: pathOf(topic), deadLetterTopic })));
  }

  function on<T>(type: EventType<T>, handle: (event: Envelope<T>) => Promise<void>): void {
    types.push(type.type);
    for (const outcome of OUTCOMES) handledEvents.add(0, { type: type.type, outcome: outcome.toLowerCase() }); // an alert sees the first only after a 0
    router.post(pathOf(type.type), async (req, res) => {
      const status = await outcome(type, handle, req.body);
      handledEvents.add(1, { type: type.type, outcome: status.toLowerCase() });
      res.json({ status });
    });
  }

  async function outcome<T>(
    type: EventType<T>,
    handle: (event: Envelope<T>) => Promise<void>,
    wire: unknown,
  ): Promise<(typeof OUTCOMES)[number]> {
    const event = parsed(type, wire);
    if (!event) return 'DROP';
    try {
      await handle(event);
      failures.succeeded(event.id);
      return 'SUCCESS';
    } catch (error) {
      const { status, isNews } = failures.judge(event.id, error);
      if (isNews)
        logger.warn({ err: error, event: type.type, eventId: event.id }, status === 'DROP' ? 'event dropped' : 'event to be retried');
      if (status === 'RETRY') for (const hear of hearers) hear();
      return status;
    }
  }

  function parsed<T>(type: EventType<T>, wire: unknown): Envelope<T> | undefined {
    try {
      return type.parse(wire);
    } catch (error) {
      logger.warn({ err: error, event: type.type }, 'malformed event dropped');
      return undefined;
    }
  }

  /** Has `hear` called whenever an event is to be delivered again. */
  const onRetry = (hear: () => void) => void hearers.push(hear);

  return { router, on, list, onRetry };
}

/** The replies to a delivery that Dapr understands. */
const OUTCOMES = ['SUCCESS', 'RETRY', 'DROP'] as const;

const pathOf = (type: string) => `/events/${type}`;

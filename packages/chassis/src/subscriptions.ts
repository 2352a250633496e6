import { Router } from 'express';
import type { Envelope, EventType } from '@sidecart/contracts/event';
import { ZodError } from 'zod';
import { DomainError } from './errors.js';
import type { Logger } from './logger.js';
import { handledEvents } from './metrics.js';

export type Subscriptions = ReturnType<typeof subscriptions>;

export interface SubscriptionOptions {
  app: string;
  logger: Logger;
}

/**
 * The events that a service listens to. Delivered at least once and in no order: a handler decides by what it knows. What it returns from is
 * done; what it throws is tried again, as often as the Resiliency policy says, then goes to the dead-letter topic `dead-<app>`. An event
 * that is malformed, of an unknown version, or refused as `invalid` goes there at once.
 */
export function subscriptions({ app, logger }: SubscriptionOptions) {
  const router = Router();
  const types: string[] = [];

  /** What the sidecar is told to subscribe to, on each of the pub/sub components that there are. */
  function list(pubsubs: readonly string[]) {
    const deadLetterTopic = `dead-${app}`;
    return pubsubs.flatMap((pubsubname) => types.map((topic) => ({ pubsubname, topic, route: pathOf(topic), deadLetterTopic })));
  }

  function on<T>(type: EventType<T>, handle: (event: Envelope<T>) => Promise<void>): void {
    types.push(type.type);
    for (const outcome of OUTCOMES) handledEvents.add(0, { type: type.type, outcome: outcome.toLowerCase() }); // so that a first one is a rise
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
    try {
      await handle(type.parse(wire));
      return 'SUCCESS';
    } catch (error) {
      const hopeless = error instanceof ZodError || (error instanceof DomainError && error.kind === 'invalid');
      logger.warn({ err: error, event: type.type }, hopeless ? 'event dropped' : 'event to be retried');
      return hopeless ? 'DROP' : 'RETRY';
    }
  }

  return { router, on, list };
}

/** What a sidecar is answered. */
const OUTCOMES = ['SUCCESS', 'RETRY', 'DROP'] as const;

const pathOf = (type: string) => `/events/${type}`;

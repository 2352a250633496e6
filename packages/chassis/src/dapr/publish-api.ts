import type { Envelope } from '@sidecart/contracts/event';
import { z } from 'zod';
import { DaprError, parseJson, type SidecarHttp } from './sidecar-http.js';

/** The outcome of a bulk publish. */
export interface Published {
  /** The ids of the events that the broker did not accept. */
  failed: Set<string>;
  /** The sidecar's reason, if there are any. */
  reason?: string;
}

const Failure = z.object({ failedEntries: z.array(z.object({ entryId: z.string() })).min(1) });
const Metadata = z.object({ components: z.array(z.object({ name: z.string() })) });

/** Calls of the sidecar's publish API. */
export function publishApi({ send }: SidecarHttp, pubsub: string) {
  async function publishOn(topic: string, events: readonly Envelope[]): Promise<Published> {
    const body = events.map((event) => ({ entryId: event.id, event, contentType: 'application/cloudevents+json' }));
    try {
      await send({ name: 'publish', path: `/publish/bulk/${pubsub}/${topic}`, body });
      return { failed: new Set() };
    } catch (error) {
      const reason = error instanceof DaprError ? error.body : String(error);
      const { data } = Failure.safeParse(parseJson(reason));
      const failed = data ? data.failedEntries.map(({ entryId }) => entryId) : events.map(({ id }) => id);
      return { failed: new Set(failed), reason };
    }
  }

  return {
    /** Publishes each event on the topic of its type, in one bulk call per topic. */
    async publish(events: readonly Envelope[]): Promise<Published> {
      const topics = [...new Set(events.map(({ type }) => type))];
      const outcomes = await Promise.all(
        topics.map((topic) =>
          publishOn(
            topic,
            events.filter(({ type }) => type === topic),
          ),
        ),
      );
      const reason = outcomes.find((outcome) => outcome.reason !== undefined)?.reason;
      return { failed: new Set(outcomes.flatMap(({ failed }) => [...failed])), ...(reason === undefined ? {} : { reason }) };
    },

    /**
     * Returns the pub/sub components to subscribe to: `pubsub`, and `pubsub-2` and so on, which are
     * lanes of the same broker.
     */
    async pubsubs(): Promise<string[]> {
      const { components } = Metadata.parse(parseJson(await send({ name: 'metadata', path: '/metadata' })));
      return components.map(({ name }) => name).filter((name) => name === pubsub || name.startsWith(`${pubsub}-`));
    },
  };
}

import { CommunicationProtocolEnum, DaprClient } from '@dapr/dapr';
import { setTimeout as delay } from 'node:timers/promises';
import type { Envelope } from '@sidecart/contracts/event';
import { z } from 'zod';
import { DaprError, openSidecarHttp } from './sidecar-http.js';

export { DaprError };

const BulkItems = z.array(
  z.object({ key: z.string(), data: z.unknown().optional(), etag: z.string().optional(), error: z.string().optional() }),
);
const Unpublished = z.object({ failedEntries: z.array(z.object({ entryId: z.string() })).min(1) });
const Failure = z.object({ status: z.number(), error_msg: z.string() });

export interface Stored {
  value: unknown;
  etag: string;
}

/** One write of a state transaction. With `etag` the document must still have it; without one it must not exist yet. */
export type StateWrite =
  { key: string; value: unknown; etag: string | undefined; ttlSeconds: number | undefined } | { key: string; etag: string; removed: true };

/** What became of a bulk publish. */
export interface Published {
  /** The ids of the events that the broker did not take. */
  failed: Set<string>;
  /** The sidecar's reason, if some were not taken. */
  reason?: string;
}

export interface DaprOptions {
  /** The sidecar's HTTP port on 127.0.0.1. */
  port: number | string;
  /** `DAPR_API_TOKEN`: sent with every call. */
  apiToken: string | undefined;
  stateStore?: string;
  pubsub?: string;
  /** No call takes longer, in ms. */
  timeoutMs?: number;
}

export type Dapr = ReturnType<typeof createDapr>;

/** The one place that talks to the sidecar. Every function throws a `DaprError` if the sidecar refuses or does not answer. */
export function createDapr({ port, apiToken, stateStore = 'state', pubsub = 'pubsub', timeoutMs = 5_000 }: DaprOptions) {
  const http = openSidecarHttp({ port, apiToken });
  const quiet = () => undefined;
  const client = new DaprClient({
    daprHost: '127.0.0.1',
    daprPort: String(port),
    communicationProtocol: CommunicationProtocolEnum.HTTP,
    logger: { service: { error: quiet, warn: quiet, info: quiet, verbose: quiet, debug: quiet } },
    ...(apiToken === undefined ? {} : { daprApiToken: apiToken }),
  });

  /** Runs a call of the SDK, which takes no deadline of ours. */
  async function sdk<T>(name: string, run: () => Promise<T>): Promise<T> {
    const timer = new AbortController();
    const late = delay(timeoutMs, undefined, { signal: timer.signal }).then(() => {
      throw new DaprError(name, 0, `no answer in ${timeoutMs} ms`);
    });
    try {
      return await Promise.race([run(), late]);
    } catch (error) {
      throw asDaprError(name, error);
    } finally {
      late.catch(quiet);
      timer.abort();
    }
  }

  async function publishOn(topic: string, events: readonly Envelope[]): Promise<Published> {
    const entries = events.map((event) => ({ entryId: event.id, event, contentType: 'application/cloudevents+json' }));
    try {
      await http.post({ name: 'publish', path: `/v1.0/publish/bulk/${pubsub}/${topic}`, body: entries, timeoutMs });
      return { failed: new Set() };
    } catch (error) {
      const reason = error instanceof DaprError ? error.body : String(error);
      const { data } = Unpublished.safeParse(parsed(reason));
      const failed = data ? data.failedEntries.map(({ entryId }) => entryId) : events.map(({ id }) => id);
      return { failed: new Set(failed), reason };
    }
  }

  return {
    /** Resolves when the sidecar serves outbound calls, that is, its components are loaded. */
    async ready(deadlineMs = 60_000): Promise<void> {
      const end = Date.now() + deadlineMs;
      while (!(await http.isHealthy())) {
        if (Date.now() > end) throw new DaprError('health', 0, `the sidecar on port ${port} was not ready in ${deadlineMs} ms`);
        await delay(50);
      }
    },

    healthy: http.isHealthy,

    /** Returns the documents that exist among `keys`, with their ETags. One bulk get. */
    async read(keys: readonly string[]): Promise<Map<string, Stored>> {
      const name = 'state bulk get';
      const body = await http.post({ name, path: `/v1.0/state/${stateStore}/bulk`, body: { keys }, timeoutMs });
      const stored = new Map<string, Stored>();
      for (const { key, data, etag, error } of BulkItems.parse(parsed(body.toString()))) {
        if (error) throw new DaprError(name, 500, error);
        if (etag !== undefined && data !== undefined) stored.set(key, { value: data, etag });
      }
      return stored;
    },

    /** Writes all or nothing. */
    async commit(writes: readonly StateWrite[]): Promise<void> {
      const path = `/v1.0/state/${stateStore}/transaction`;
      await http.post({ name: 'state transaction', path, body: { operations: writes.map(operation) }, timeoutMs });
    },

    /** Publishes each event on the topic of its type, in one bulk call per topic. Says which the broker did not take. */
    async publish(events: readonly Envelope[]): Promise<Published> {
      const topics = [...new Set(events.map(({ type }) => type))];
      const ofTopic = (topic: string) => events.filter(({ type }) => type === topic);
      const outcomes = await Promise.all(topics.map((topic) => publishOn(topic, ofTopic(topic))));
      const reason = outcomes.find((outcome) => outcome.reason !== undefined)?.reason;
      return { failed: new Set(outcomes.flatMap(({ failed }) => [...failed])), ...(reason === undefined ? {} : { reason }) };
    },

    /** Returns the pub/sub components to subscribe on: `pubsub`, and `pubsub-2` and so on, lanes of the same broker. */
    async pubsubs(): Promise<string[]> {
      const { components } = await sdk('metadata', () => client.metadata.get());
      return components.map(({ name }) => name).filter((name) => name === pubsub || name.startsWith(`${pubsub}-`));
    },

    /** POSTs `body` to `/<path>` of another app through the sidecars of both. Returns the parsed body. */
    async invoke(app: string, path: string, body: object, ms = timeoutMs): Promise<unknown> {
      const answer = await http.post({ name: `${app}/${path}`, path: `/v1.0/invoke/${app}/method/${path}`, body, timeoutMs: ms });
      return parsed(answer.toString());
    },

    /** Runs one operation of an output binding and returns the bytes of its reply. Bytes in `data` go as Base64. */
    bind(binding: string, operation: string, metadata: Record<string, string>, data?: string): Promise<Buffer> {
      const name = `${operation} of ${binding}`;
      return http.post({ name, path: `/v1.0/bindings/${binding}`, body: { operation, metadata, data }, timeoutMs: 10_000 });
    },

    /** Returns all values of one secret in the secret store `secrets`; an empty record if there is none of that name. */
    async secret(name: string): Promise<Record<string, string>> {
      try {
        const values = await sdk(`secret ${name}`, () => client.secret.get('secrets', name));
        return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
      } catch (error) {
        if (error instanceof DaprError && /not found|could not be found|not exist/i.test(error.body)) return {};
        throw error;
      }
    },

    /** Has the sidecar end, for its supervisor to start it anew: `npm start`, or the kubelet. */
    async restart(): Promise<void> {
      await http.post({ name: 'shutdown', path: '/v1.0/shutdown', body: {}, timeoutMs });
    },

    async stop(): Promise<void> {
      await Promise.all([client.stop(), http.close()]);
    },
  };
}

function operation(write: StateWrite) {
  const options = { concurrency: 'first-write' };
  if ('removed' in write) return { operation: 'delete', request: { key: write.key, etag: write.etag, options } };
  const { key, value, etag, ttlSeconds } = write;
  const metadata = ttlSeconds === undefined ? {} : { metadata: { ttlInSeconds: String(ttlSeconds) } };
  return { operation: 'upsert', request: { key, value, options, ...(etag === undefined ? {} : { etag }), ...metadata } };
}

/** The SDK throws an Error whose message is a JSON of the sidecar's answer, or node-fetch's own error. */
function asDaprError(name: string, error: unknown): DaprError {
  if (error instanceof DaprError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const { data } = Failure.safeParse(parsed(message));
  return data ? new DaprError(name, data.status, data.error_msg) : new DaprError(name, 0, message);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

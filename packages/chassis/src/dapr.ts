import { CommunicationProtocolEnum, DaprClient, HttpMethod, StateConcurrencyEnum } from '@dapr/dapr';
import { setTimeout as delay } from 'node:timers/promises';
import type { Envelope } from '@sidecart/contracts/event';
import { z } from 'zod';
import { traceHeaders } from './trace.js';

const BulkItems = z.array(
  z.object({ key: z.string(), data: z.unknown().optional(), etag: z.string().optional(), error: z.string().optional() }),
);
const Unpublished = z.object({ failedEntries: z.array(z.object({ entryId: z.string() })).min(1) });
const Failure = z.object({ status: z.number(), error_msg: z.string() });

/** A failed call to the sidecar. `status` is the sidecar's answer, 0 where there was none (refused, reset, timed out). */
export class DaprError extends Error {
  constructor(
    readonly call: string,
    readonly status: number,
    readonly body: string,
  ) {
    super(`${call}: ${status === 0 ? body : `${status} ${body.slice(0, 300)}`}`);
    this.name = 'DaprError';
  }
}

export interface Stored {
  value: unknown;
  etag: string;
}

/** One write of a state transaction. With `etag` the document must still have it; without one it must not exist yet. */
export type StateWrite =
  { key: string; value: unknown; etag: string | undefined; ttlSeconds: number | undefined } | { key: string; etag: string; removed: true };

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

/** The one place that talks to the sidecar. Every function throws a `DaprError` when the sidecar says no or nothing. */
export function createDapr({ port, apiToken, stateStore = 'state', pubsub = 'pubsub', timeoutMs = 10_000 }: DaprOptions) {
  const token: Record<string, string> = apiToken === undefined ? {} : { 'dapr-api-token': apiToken };
  /** Of what is not asked by the SDK. */
  const headers = () => ({ 'content-type': 'application/json', ...token, ...traceHeaders() });
  const quiet = () => undefined;
  const client = new DaprClient({
    daprHost: '127.0.0.1',
    daprPort: String(port),
    communicationProtocol: CommunicationProtocolEnum.HTTP,
    logger: { service: { error: quiet, warn: quiet, info: quiet, verbose: quiet, debug: quiet } },
    ...(apiToken === undefined ? {} : { daprApiToken: apiToken }),
  });

  // The SDK types an ETag as an object, where the sidecar wants the string.
  const state: { transaction(store: string, operations?: unknown[]): Promise<void> } = client.state;

  async function call<T>(name: string, run: () => Promise<T>, ms = timeoutMs): Promise<T> {
    const { promise: late, reject } = withReject();
    const timer = setTimeout(() => reject(new DaprError(name, 0, `no answer in ${ms} ms`)), ms);
    try {
      return await Promise.race([run(), late]);
    } catch (error) {
      throw asDaprError(name, error);
    } finally {
      clearTimeout(timer);
    }
  }

  // The SDK's own check asks for metadata, which answers before the components are loaded.
  async function healthy(): Promise<boolean> {
    const answer = await fetch(`http://127.0.0.1:${port}/v1.0/healthz/outbound`, { signal: AbortSignal.timeout(2_000) }).catch(
      () => undefined,
    );
    return answer?.status === 204;
  }

  // Not by the SDK: it takes an answer that some were not published for none failed, and their events would be lost.
  async function publishOn(topic: string, events: readonly Envelope[]): Promise<string[]> {
    const all = events.map(({ id }) => id);
    const entries = events.map((event) => ({ entryId: event.id, event, contentType: 'application/cloudevents+json' }));
    const publish = async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/v1.0/publish/bulk/${pubsub}/${topic}`, {
        method: 'POST',
        headers: headers(),
        body: JSON.stringify(entries),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const { failedEntries } = answer.ok ? { failedEntries: [] } : Unpublished.parse(await answer.json());
      return failedEntries.map(({ entryId }) => entryId);
    };
    return call('publish', publish).catch(() => all);
  }

  return {
    /** Resolves when the sidecar serves outbound calls, i.e. its components are loaded. */
    async ready(deadlineMs = 60_000): Promise<void> {
      const end = Date.now() + deadlineMs;
      while (!(await healthy())) {
        if (Date.now() > end) throw new DaprError('health', 0, `the sidecar on port ${port} was not ready in ${deadlineMs} ms`);
        await delay(50);
      }
    },

    healthy,

    /** The documents that exist among `keys`, with their ETags. One bulk get. */
    async read(keys: readonly string[]): Promise<Map<string, Stored>> {
      const items = BulkItems.parse(await call('state bulk get', () => client.state.getBulk(stateStore, [...keys])));
      const stored = new Map<string, Stored>();
      for (const { key, data, etag, error } of items) {
        if (error) throw new DaprError('state bulk get', 500, error);
        if (etag !== undefined && data !== undefined) stored.set(key, { value: data, etag });
      }
      return stored;
    },

    /** All writes or none. */
    async commit(writes: readonly StateWrite[]): Promise<void> {
      await call('state transaction', () => state.transaction(stateStore, writes.map(operation)));
    },

    /** Publishes each event on the topic of its type, in one bulk call per topic. Answers the ids of those that the broker did not take. */
    async publish(events: readonly Envelope[]): Promise<Set<string>> {
      const topics = [...new Set(events.map(({ type }) => type))];
      const failed = await Promise.all(
        topics.map((topic) =>
          publishOn(
            topic,
            events.filter(({ type }) => type === topic),
          ),
        ),
      );
      return new Set(failed.flat());
    },

    /** The pub/sub components to subscribe on: `pubsub`, and `pubsub-2` and so on, lanes of the same broker. */
    async pubsubs(): Promise<string[]> {
      const { components } = await call('metadata', () => client.metadata.get());
      return components.map(({ name }) => name).filter((name) => name === pubsub || name.startsWith(`${pubsub}-`));
    },

    /** POSTs `body` to `/<path>` of another app through the sidecars of both. Answers the parsed body. */
    invoke(app: string, path: string, body: object, ms = timeoutMs): Promise<unknown> {
      return call(`${app}/${path}`, () => client.invoker.invoke(app, path, HttpMethod.POST, body), ms);
    },

    /** Runs one operation of an output binding and answers the bytes of its reply, which the SDK would read as text. Bytes in `data` go as Base64. */
    bind(binding: string, operation: string, metadata: Record<string, string>, data?: string): Promise<Buffer> {
      const name = `${operation} of ${binding}`;
      return call(name, async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/v1.0/bindings/${binding}`, {
          method: 'POST',
          headers: headers(),
          body: JSON.stringify({ operation, metadata, data }),
          signal: AbortSignal.timeout(timeoutMs),
        });
        if (!answer.ok) throw new DaprError(name, answer.status, await answer.text());
        return Buffer.from(await answer.arrayBuffer());
      });
    },

    /** All values of one secret in the secret store `secrets`; an empty record where there is none of that name. */
    async secret(name: string): Promise<Record<string, string>> {
      try {
        const values = await call(`secret ${name}`, () => client.secret.get('secrets', name));
        return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
      } catch (error) {
        if (error instanceof DaprError && /not found|could not be found|not exist/i.test(error.body)) return {};
        throw error;
      }
    },

    stop: () => client.stop(),
  };
}

function operation(write: StateWrite) {
  const options = { concurrency: StateConcurrencyEnum.CONCURRENCY_FIRST_WRITE };
  if ('removed' in write) return { operation: 'delete', request: { key: write.key, etag: write.etag, options } };
  const { key, value, etag, ttlSeconds } = write;
  const metadata = ttlSeconds === undefined ? {} : { metadata: { ttlInSeconds: String(ttlSeconds) } };
  return { operation: 'upsert', request: { key, value, options, ...(etag === undefined ? {} : { etag }), ...metadata } };
}

function withReject() {
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<never>((_, no) => (reject = no));
  return { promise, reject };
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

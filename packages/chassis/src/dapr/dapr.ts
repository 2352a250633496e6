import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { publishApi } from './publish-api.js';
import { DaprError, openSidecarHttp, parseJson } from './sidecar-http.js';
import { stateApi } from './state-api.js';

export type { Published } from './publish-api.js';
export type { Stored, StateWrite } from './state-api.js';
export { DaprError };

const Secret = z.record(z.string(), z.coerce.string());

export interface DaprOptions {
  /** The sidecar's HTTP port on 127.0.0.1. */
  port: number | string;
  /** `DAPR_API_TOKEN`, which every call sends. */
  apiToken: string | undefined;
  stateStore?: string;
  pubsub?: string;
  /** The deadline of a call, in ms. */
  timeoutMs?: number;
}

export type Dapr = ReturnType<typeof createDapr>;

const BINDING_MS = 10_000;

/**
 * Opens the client of the sidecar, the only code that calls it. Every function throws a `DaprError`
 * if the sidecar refuses or does not respond in time.
 */
export function createDapr({ port, apiToken, stateStore = 'state', pubsub = 'pubsub', timeoutMs = 5_000 }: DaprOptions) {
  const http = openSidecarHttp({ port, apiToken, timeoutMs });
  const { send, isHealthy } = http;

  return {
    ...stateApi(http, stateStore),
    ...publishApi(http, pubsub),

    healthy: isHealthy,

    /** Resolves when the sidecar has loaded its components. */
    async ready(deadlineMs = 60_000): Promise<void> {
      const end = Date.now() + deadlineMs;
      while (!(await isHealthy())) {
        if (Date.now() > end) throw new DaprError('health', 0, `the sidecar on port ${port} was not ready in ${deadlineMs} ms`);
        await delay(50);
      }
    },

    /**
     * POSTs `body` to `/<path>` of another app through both sidecars. Returns the parsed response.
     */
    async invoke(app: string, path: string, body: object, ms = timeoutMs): Promise<unknown> {
      return parseJson(await send({ name: `${app}/${path}`, path: `/invoke/${app}/method/${path}`, body, timeoutMs: ms }));
    },

    /** Runs an operation of an output binding. Returns the bytes of its response. */
    bind(binding: string, operation: string, metadata: Record<string, string>, base64?: string): Promise<Buffer> {
      const body = { operation, metadata, data: base64 };
      return send({ name: `${operation} of ${binding}`, path: `/bindings/${binding}`, body, timeoutMs: BINDING_MS });
    },

    /**
     * Returns the values of a secret in the secret store `secrets`, or an empty record if it is
     * missing.
     */
    async secret(name: string): Promise<Record<string, string>> {
      try {
        return Secret.parse(parseJson(await send({ name: `secret ${name}`, path: `/secrets/secrets/${name}` })) ?? {});
      } catch (error) {
        if (error instanceof DaprError && /not found|could not be found|not exist/i.test(error.body)) return {};
        throw error;
      }
    },

    /** Ends the sidecar, which its supervisor starts again: `npm start`, or the kubelet. */
    async restart(): Promise<void> {
      await send({ name: 'shutdown', path: '/shutdown', body: {} });
    },

    stop: http.close,
  };
}

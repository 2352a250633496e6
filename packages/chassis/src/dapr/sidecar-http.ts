import { setTimeout as delay } from 'node:timers/promises';
import { errors, Pool, type Dispatcher } from 'undici';
import { traceHeaders } from '../telemetry/trace.js';

/** A failed call to the sidecar. `status` is the sidecar's answer, or 0 if there was none (refused, reset, timed out). */
export class DaprError extends Error {
  constructor(
    readonly call: string,
    readonly status: number,
    readonly body: string,
  ) {
    super(`${call}: ${status === 0 ? body : `${status} ${body.slice(0, 300)}`}`);
    this.name = 'DaprError';
  }

  /** Whether the sidecar refused the request itself. The same request never succeeds later. */
  get isRejected(): boolean {
    return this.status >= 400 && this.status < 500 && ![408, 409, 429].includes(this.status);
  }
}

export interface SidecarHttpOptions {
  /** The sidecar's HTTP port on 127.0.0.1. */
  port: number | string;
  /** `DAPR_API_TOKEN`: sent with every call. */
  apiToken: string | undefined;
}

export interface SidecarRequest {
  /** Names the call in errors. */
  name: string;
  path: string;
  /** Sent as JSON. */
  body: unknown;
  /** The request is aborted after this many ms. */
  timeoutMs: number;
}

export type SidecarHttp = ReturnType<typeof openSidecarHttp>;

const MAX_CONNECTIONS = 128;
/** A sidecar that starts again listens after about two seconds. */
const RESTART_MS = 5_000;
const RETRY_MS = 100;

/** Calls to the sidecar over one pool of connections, each with a deadline that aborts the request. */
export function openSidecarHttp({ port, apiToken }: SidecarHttpOptions) {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: MAX_CONNECTIONS, keepAliveTimeout: 60_000 });
  const token: Record<string, string> = apiToken === undefined ? {} : { 'dapr-api-token': apiToken };

  /** Returns the body of a successful answer. Waits for a sidecar that is starting again. Throws a `DaprError`. */
  async function post({ name, path, body, timeoutMs }: SidecarRequest): Promise<Buffer> {
    const headers = { 'content-type': 'application/json', ...token, ...traceHeaders() };
    const giveUp = performance.now() + Math.min(timeoutMs, RESTART_MS);
    const signal = AbortSignal.timeout(timeoutMs);
    const request: Dispatcher.RequestOptions = { method: 'POST', path, headers, body: JSON.stringify(body), signal };
    for (;;) {
      try {
        return await send(name, request);
      } catch (error) {
        if (error instanceof DaprError) throw error;
        if (signal.aborted) throw new DaprError(name, 0, `no answer in ${timeoutMs} ms`);
        // A refused connection never reached the sidecar, so that any call can be repeated.
        if (!isRefused(error) || performance.now() > giveUp) throw new DaprError(name, 0, String(error));
        await delay(RETRY_MS);
      }
    }
  }

  async function send(name: string, request: Dispatcher.RequestOptions): Promise<Buffer> {
    const { statusCode, body } = await pool.request(request);
    const bytes = Buffer.from(await body.arrayBuffer());
    if (statusCode >= 300) throw new DaprError(name, statusCode, bytes.toString());
    return bytes;
  }

  /** Whether the sidecar serves outbound calls, that is, its components are loaded. */
  async function isHealthy(): Promise<boolean> {
    const request = { method: 'GET' as const, path: '/v1.0/healthz/outbound', signal: AbortSignal.timeout(2_000) };
    const answer = await pool.request(request).catch(() => undefined);
    await answer?.body.dump();
    return answer?.statusCode === 204;
  }

  return { post, isHealthy, close: () => pool.close() };
}

function isRefused(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isRefused);
  return error instanceof errors.ConnectTimeoutError || (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED');
}

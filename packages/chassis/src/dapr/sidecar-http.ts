import { setTimeout as delay } from 'node:timers/promises';
import { errors, Pool, type Dispatcher } from 'undici';
import { sidecarCalls } from '../telemetry/metrics.js';
import { traceHeaders } from '../telemetry/trace.js';

/** A failed call to the sidecar. `status` is that of its response, or 0 if there was none. */
export class DaprError extends Error {
  constructor(
    readonly call: string,
    readonly status: number,
    readonly body: string,
  ) {
    super(`${call}: ${status === 0 ? body : `${status} ${body.slice(0, 300)}`}`);
    this.name = 'DaprError';
  }

  /** Whether the sidecar rejected the request itself. Repeating it cannot succeed. */
  get isRejected(): boolean {
    return this.status >= 400 && this.status < 500 && ![408, 409, 429].includes(this.status);
  }
}

export interface SidecarHttpOptions {
  /** The sidecar's HTTP port on 127.0.0.1. */
  port: number | string;
  /** `DAPR_API_TOKEN`, which every call sends. */
  apiToken: string | undefined;
  /** The deadline of a call that sets none, in ms. */
  timeoutMs: number;
}

export interface SidecarRequest {
  /** Names the call in errors. */
  name: string;
  /** The path after `/v1.0`. */
  path: string;
  /** Sent as JSON by POST. Without a body the call is a GET. */
  body?: unknown;
  /** The request is aborted after this many ms. */
  timeoutMs?: number;
}

export type SidecarHttp = ReturnType<typeof openSidecarHttp>;

const MAX_CONNECTIONS = 128;
/** A restarting sidecar listens again after about two seconds. */
const RESTART_MS = 5_000;
const RETRY_MS = 100;

/** Opens a pool of connections to the sidecar. Each call has a deadline that aborts the request. */
export function openSidecarHttp({ port, apiToken, timeoutMs: defaultTimeoutMs }: SidecarHttpOptions) {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: MAX_CONNECTIONS, keepAliveTimeout: 60_000 });
  const token: Record<string, string> = apiToken === undefined ? {} : { 'dapr-api-token': apiToken };

  /**
   * Returns the body of a successful response. Waits for a sidecar that is restarting. Throws a
   * `DaprError`.
   */
  async function send({ name, path, body, timeoutMs = defaultTimeoutMs }: SidecarRequest): Promise<Buffer> {
    const content = body === undefined ? undefined : JSON.stringify(body);
    const headers = { ...(content === undefined ? {} : { 'content-type': 'application/json' }), ...token, ...traceHeaders() };
    const giveUpAt = performance.now() + Math.min(timeoutMs, RESTART_MS);
    const signal = AbortSignal.timeout(timeoutMs);
    const method = content === undefined ? 'GET' : 'POST';
    for (;;) {
      try {
        return await request(name, { method, path: `/v1.0${path}`, headers, body: content ?? null, signal });
      } catch (error) {
        if (error instanceof DaprError) throw error;
        if (signal.aborted) throw new DaprError(name, 0, `no response in ${timeoutMs} ms`);
        // A refused connection never reached the sidecar, so any call can be repeated.
        if (!isRefused(error) || performance.now() > giveUpAt) throw new DaprError(name, 0, String(error));
        await delay(RETRY_MS);
      }
    }
  }

  async function request(name: string, options: Dispatcher.RequestOptions): Promise<Buffer> {
    const started = performance.now();
    const { statusCode, body } = await pool.request(options);
    const bytes = Buffer.from(await body.arrayBuffer());
    const attributes = { 'http.request.method': options.method, 'http.response.status_code': statusCode };
    sidecarCalls.record((performance.now() - started) / 1_000, attributes);
    if (statusCode >= 300) throw new DaprError(name, statusCode, bytes.toString());
    return bytes;
  }

  /** Returns whether the sidecar has loaded its components, and so serves outbound calls. */
  async function isHealthy(): Promise<boolean> {
    const options = { method: 'GET' as const, path: '/v1.0/healthz/outbound', signal: AbortSignal.timeout(2_000) };
    const response = await pool.request(options).catch(() => undefined);
    await response?.body.dump();
    return response?.statusCode === 204;
  }

  return { send, isHealthy, close: () => pool.close() };
}

/** Returns the parsed JSON, or `undefined` if the text is not JSON. */
export function parseJson(text: string | Buffer): unknown {
  try {
    return JSON.parse(text.toString());
  } catch {
    return undefined;
  }
}

function isRefused(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isRefused);
  return error instanceof errors.ConnectTimeoutError || (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED');
}

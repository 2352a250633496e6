import { EventEmitter } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { context, propagation } from '@opentelemetry/api';
import { type Duplex, pipeline, type Readable, Transform } from 'node:stream';
import { errors, type Pool } from 'undici';
import { refuseUpgrade, sendProblem } from './problem.js';

/** The largest body of a request in bytes: five product images of 5 MB and the form around them. */
export const MAX_BODY = 32 * 1024 * 1024;

/**
 * Headers of one connection, which are not passed on (RFC 9110, 7.6.1). The edge handles `expect`.
 */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect']);

class BodyTooLarge extends Error {}

/**
 * Forwards a request to a service and streams the response back. Replies 413 to a body that is too
 * large, 502 if the service is down, and 504 if it does not reply in time.
 */
export async function forward(pool: Pool, path: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const signal = new EventEmitter();
  res.once('close', () => signal.emit('abort')); // when the client is gone, the service need not go on
  try {
    const forwarded = { method: req.method ?? 'GET', path, headers: forwardedHeaders(req), body: body(req), signal };
    await pool.stream(forwarded, ({ statusCode, headers }) => res.writeHead(statusCode, endToEnd(headers)));
  } catch (error) {
    if (res.headersSent || res.destroyed) res.destroy();
    else if (error instanceof BodyTooLarge) sendProblem(req, res, 413, `The limit for a body is ${MAX_BODY} bytes.`);
    else if (error instanceof errors.HeadersTimeoutError) sendProblem(req, res, 504, 'The service did not reply in time.');
    else sendProblem(req, res, 502, 'The service cannot be reached.');
  }
}

/** Opens a WebSocket to a service. Nothing passes through before the service has replied 101. */
export async function tunnel(pool: Pool, req: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
  try {
    const { headers, socket } = await pool.upgrade({ path: req.url ?? '/', headers: forwardedHeaders(req), protocol: 'websocket' });
    const lines = Object.entries(headers).flatMap(([name, value]) => [value ?? []].flat().map((one) => `${name}: ${one}\r\n`));
    client.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`);
    client.unshift(head);
    pipeline(client, socket, client, () => {});
  } catch {
    refuseUpgrade(req, client, 502, 'The service did not open the connection.');
  }
}

function body(req: IncomingMessage): Readable | null {
  const length = Number(req.headers['content-length'] ?? 0);
  if (length > MAX_BODY) throw new BodyTooLarge();
  if (req.headers['transfer-encoding'] === undefined) return length > 0 ? req : null;
  let size = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      done(size > MAX_BODY ? new BodyTooLarge() : null, chunk);
    },
  });
  req.once('error', (error) => counted.destroy(error));
  return req.pipe(counted);
}

/** The edge is the outermost hop, so it replaces what the client says about where it comes from. */
function forwardedHeaders(req: IncomingMessage): IncomingHttpHeaders {
  const headers = endToEnd(req.headers);
  headers['x-forwarded-for'] = req.socket.remoteAddress;
  headers['x-forwarded-host'] = req.headers.host;
  headers['x-forwarded-port'] = String(req.socket.localPort);
  headers['x-forwarded-proto'] = 'http';
  propagation.inject(context.active(), headers);
  return headers;
}

function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const listed = headers.connection?.toLowerCase().split(/\s*,\s*/) ?? [];
  const kept: IncomingHttpHeaders = {};
  for (const name of Object.keys(headers)) if (!HOP_BY_HOP.has(name) && !listed.includes(name)) kept[name] = headers[name];
  return kept;
}

import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/**
 * Sends an RFC 9457 problem. Reads and drops a body that is still arriving, because the client
 * reads the response only afterwards.
 */
export function sendProblem(req: IncomingMessage, res: ServerResponse, status: number, detail: string): void {
  res.writeHead(status, headers(req)).end(problem(req, status, detail));
  req.resume();
}

/** Sends a problem on the socket of a refused upgrade. */
export function refuseUpgrade(req: IncomingMessage, client: Duplex, status: number, detail: string): void {
  const lines = Object.entries({ ...headers(req), connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`);
  client.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${problem(req, status, detail)}`);
}

function headers(req: IncomingMessage): Record<string, string> {
  return { 'content-type': 'application/problem+json', 'x-request-id': String(req.headers['x-request-id']) };
}

function problem(req: IncomingMessage, status: number, detail: string): string {
  const [instance] = (req.url ?? '').split('?', 1);
  return JSON.stringify({
    type: 'about:blank',
    title: STATUS_CODES[status],
    status,
    detail,
    instance,
    requestId: req.headers['x-request-id'],
  });
}

import { createServer } from 'node:http';
import type { User } from '@sidecart/contracts/access-token';
import { listen } from '@sidecart/runner/listen';
import { pino } from 'pino';
import { DomainError } from '../src/http/errors.js';
import { createHttp, type HttpOptions } from '../src/http/http.js';

export interface Reply {
  status: number;
  headers: Headers;
  /** The parsed body, whose type the test knows. */
  body: ReturnType<typeof JSON.parse>;
}

export interface Served {
  url: string;
  /** The parsed log lines from warnings up. */
  lines: { level: number; msg: string; err?: { message: string } }[];
  ask(method: string, path: string, init?: RequestInit): Promise<Reply>;
  close(): Promise<void>;
}

export const APP_TOKEN = 'the app token';

/** A customer whose access token is their id. */
export const user = (id: string): User => ({
  id,
  role: 'customer',
  permissions: [],
  email: `${id}@example.com`,
  name: id,
  verified: true,
  sessionId: 'session-1',
});

/**
 * Serves routes as a service does. Access tokens are ids of customers; an empty one or one with the
 * prefix `bad` is invalid.
 */
export async function serve(options: Pick<HttpOptions, 'routes'> & Partial<HttpOptions>): Promise<Served> {
  const lines: Served['lines'] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const verify = async (token: string) => {
    if (token === '' || token.startsWith('bad'))
      throw new DomainError('unauthenticated', 'invalid-token', 'The access token is not valid.');
    return user(token);
  };
  const server = createServer(createHttp({ service: 'things', logger, verify, sidecar: [], appToken: APP_TOKEN, ...options }));
  const url = `http://127.0.0.1:${await listen(server, 0, '127.0.0.1')}`;
  return {
    url,
    lines,
    async ask(method, path, init = {}) {
      const reply = await fetch(url + path, { method, ...init });
      const text = await reply.text();
      const isJson = reply.headers.get('content-type')?.includes('json') ?? false;
      return { status: reply.status, headers: reply.headers, body: isJson ? JSON.parse(text) : text };
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

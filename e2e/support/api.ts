import { setTimeout as delay } from 'node:timers/promises';

export interface Answer {
  status: number;
  /** The parsed body. Tests check its shape. */
  body: ReturnType<typeof JSON.parse>;
}

/** Sends one request with JSON in and out. Throws if there is no response. */
export type Ask = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;

export function client(base: string, token?: string): Ask {
  return async (method, path, body, headers = {}) => {
    const answer = await fetch(base + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await answer.text();
    return { status: answer.status, body: parsed(text) };
  };
}

/** A proxy may reply with plain text if a service is down. */
function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * Retries until there is a response below 500, as a good client does. Only for requests that may be
 * repeated.
 */
export async function insist(ask: () => Promise<Answer>, seconds = 90): Promise<Answer> {
  const end = Date.now() + seconds * 1_000;
  for (;;) {
    const answer = await ask().catch(() => undefined);
    if (answer && answer.status < 500) return answer;
    if (Date.now() > end) throw new Error(`no response below 500 within ${seconds} s; the last was ${JSON.stringify(answer)}`);
    await delay(200);
  }
}

const PASSWORD = 'seven green bicycles';

export interface Customer {
  email: string;
  userId: string;
  password: string;
  accessToken: string;
  ask: Ask;
}

/** Registers a customer and signs in. */
export async function aCustomer(base: string, name: string): Promise<Customer> {
  const anyone = client(base);
  const email = `${name}-${crypto.randomUUID().slice(0, 8)}@example.com`;
  await anyone('POST', '/api/auth/register', { email, password: PASSWORD, name });
  const { body } = await anyone('POST', '/api/auth/login', { email, password: PASSWORD });
  const { user, accessToken } = body;
  return { email, userId: user.id, password: PASSWORD, accessToken, ask: client(base, accessToken) };
}

export async function signIn(base: string, { email, password }: { email: string; password: string }): Promise<Ask> {
  const { body } = await client(base)('POST', '/api/auth/login', { email, password });
  return client(base, body.accessToken);
}

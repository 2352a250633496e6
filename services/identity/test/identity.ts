import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Mail, Sms } from '@sidecart/contracts/notifications';
import { until } from '@sidecart/runner/until';
import { openDocuments } from '@sidecart/chassis/documents';
import { put } from '@sidecart/chassis/state';
import type { Answer, TestApp } from '@sidecart/testing/app';
import { startApp } from '@sidecart/testing/app';
import { createApp } from '../src/app.js';
import { Settings } from '../src/config.js';
import type { Passwords } from '../src/accounts/hashing.js';
import { sessionKey, sessionsKey } from '../src/sessions/store.js';

/** Returns a private key in the form of the settings. */
export function aKey(kid: string) {
  return { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }), kid };
}

export const PASSWORD = 'correct horse';
export const signingKeys = [aKey('newest'), aKey('older')];

/** Returns settings with cheap hashes, and `change` applied. */
export const someSettings = (change: Record<string, string> = {}): Settings =>
  Settings.parse({
    SIGNING_KEYS: JSON.stringify({ keys: signingKeys }),
    TWO_FACTOR_KEYS: randomBytes(32).toString('base64'),
    DOCUMENTS_URL: 'memory:',
    ADMIN_EMAIL: 'admin@shop.example',
    ADMIN_PASSWORD: 'only for tests',
    PASSWORD_MEMORY_KIB: '1024',
    PASSWORD_PASSES: '1',
    REGISTRATIONS_PER_PLACE: '10000',
    MAILS_PER_PLACE: '10000',
    TEXTS_PER_PLACE: '10000',
    ...change,
  });

export interface Identity extends TestApp {
  /** The requested mails and text messages, in order. */
  mails: (Mail | Sms)[];
  /** Waits for a message of the template to this recipient, and returns the newest one. */
  mailed(template: (Mail | Sms)['template'], to: string): Promise<Mail | Sms>;
  /** Registers and signs in. */
  register(email: string, headers?: Record<string, string>): Promise<Answer>;
  /** Verifies the email address with the code that was mailed on registration. */
  verifyEmail(email: string): Promise<void>;
  login(email: string, password?: string, headers?: Record<string, string>): Promise<Answer>;
  refresh(refreshToken: string): Promise<Answer>;
  /** Registers, verifies the email address and signs in. */
  registerVerified(email: string): Promise<Answer>;
  /** Requests a reset, and sets the password with the mailed code. */
  resetByMail(email: string, password: string): Promise<Answer>;
  /** Moves the sign-ins of an account this far into the past. */
  minutesPass(userId: string, minutes: number): Promise<void>;
  /** Sends a request with this access token. */
  withToken(accessToken: string, method: string, path: string, body?: unknown): Promise<Answer>;
}

/** `passwords` replaces those that the settings describe. */
export async function startIdentity(change?: Record<string, string>, passwords?: Passwords): Promise<Identity> {
  const mails: (Mail | Sms)[] = [];
  const send = async (message: Mail | Sms) => mails.push(message);
  const app = await startApp('identity', someSettings(change), async (deps) =>
    createApp({
      ...deps,
      documents: await openDocuments({ url: 'memory:' }),
      sendMail: send,
      sendSms: send,
      ...(passwords ? { passwords } : {}),
    }),
  );
  const login: Identity['login'] = (email, password = PASSWORD, headers = {}) =>
    app.request('POST', '/api/auth/login', { email, password }, { headers });
  const mailed: Identity['mailed'] = (template, to) =>
    until(`${template} is mailed to ${to}`, 5, async () => mails.findLast((mail) => mail.template === template && mail.to === to));
  const register: Identity['register'] = async (email, headers = {}) => {
    const answer = await app.request('POST', '/api/auth/register', { email, password: PASSWORD, name: 'Ann' }, { headers });
    return answer.status === 202 ? login(email, PASSWORD, headers) : answer;
  };
  const codeMailed = async (template: 'verify-email' | 'reset-password', to: string) => {
    const mail = await mailed(template, to);
    return 'code' in mail ? mail.code : '';
  };
  const verifyEmail: Identity['verifyEmail'] = async (email) => {
    const code = await codeMailed('verify-email', email);
    const { status } = await app.request('POST', '/api/auth/email-verification/confirm', { email, code });
    if (status !== 200) throw new Error(`${email} was not verified: ${status}`);
  };
  return {
    ...app,
    mails,
    mailed,
    register,
    verifyEmail,
    async registerVerified(email) {
      await register(email);
      await verifyEmail(email);
      return login(email);
    },
    async resetByMail(email, password) {
      await app.request('POST', '/api/auth/password-reset', { email });
      const code = await codeMailed('reset-password', email);
      return app.request('POST', '/api/auth/password-reset/confirm', { email, code, password });
    },
    async minutesPass(userId, minutes) {
      const createdAt = new Date(Date.now() - minutes * 60_000).toISOString();
      const keys = ((await app.store.read(sessionsKey(userId))) ?? []).map(sessionKey);
      await app.store.transact(keys, (docs) => {
        const sessions = docs.all(keys).filter((session) => session !== undefined);
        return { write: sessions.map((session) => put(sessionKey(session.id), { ...session, createdAt })), result: undefined };
      });
    },
    login,
    refresh: (refreshToken) => app.request('POST', '/api/auth/token/refresh', { refreshToken }),
    withToken: (accessToken, method, path, body) =>
      app.request(method, path, body, { headers: { authorization: `Bearer ${accessToken}` } }),
  };
}

import { generateKeyPairSync } from 'node:crypto';
import type { Answer, TestApp } from '@sidecart/testing/app';
import { startApp } from '@sidecart/testing/app';
import { createApp } from '../src/app.js';
import { Settings } from '../src/config.js';

/** A private key as it stands in the settings. */
export function aKey(kid: string) {
  return { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }), kid };
}

export const PASSWORD = 'correct horse';
export const signingKeys = [aKey('newest'), aKey('older')];

/** Settings with hashes that cost little, or what is told otherwise. */
export const someSettings = (change: Record<string, string> = {}): Settings =>
  Settings.parse({
    SIGNING_KEYS: JSON.stringify({ keys: signingKeys }),
    ADMIN_EMAIL: 'admin@shop.example',
    ADMIN_PASSWORD: 'only for tests',
    PASSWORD_MEMORY_KIB: '1024',
    PASSWORD_PASSES: '1',
    ...change,
  });

export interface Identity extends TestApp {
  register(email: string, headers?: Record<string, string>): Promise<Answer>;
  login(email: string, password?: string, headers?: Record<string, string>): Promise<Answer>;
  refresh(refreshToken: string): Promise<Answer>;
  /** A request with this access token. */
  withToken(accessToken: string, method: string, path: string, body?: unknown): Promise<Answer>;
}

export async function startIdentity(change?: Record<string, string>): Promise<Identity> {
  const app = await startApp('identity', someSettings(change), createApp);
  return {
    ...app,
    register: (email, headers = {}) => app.request('POST', '/api/auth/register', { email, password: PASSWORD, name: 'Ann' }, { headers }),
    login: (email, password = PASSWORD, headers = {}) => app.request('POST', '/api/auth/login', { email, password }, { headers }),
    refresh: (refreshToken) => app.request('POST', '/api/auth/token/refresh', { refreshToken }),
    withToken: (accessToken, method, path, body) =>
      app.request(method, path, body, { headers: { authorization: `Bearer ${accessToken}` } }),
  };
}

/**
 * `npm run bench -- login`: logins per second at the default cost of passwords, and how long `GET
 * /api/users/me` takes meanwhile.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { HIGH_LIMITS, startShop } from '@sidecart/runner/shop';
import { Pool } from 'undici';

const SECONDS = 10;
const AT_ONCE = 32;
const ACCOUNTS = 100;
/**
 * The time between two requests for a profile, in ms, whether or not the last one has been
 * answered.
 */
const PACE_MS = 10;

const folder = await mkdtemp(join(tmpdir(), 'sidecart-bench-'));
console.log(`${cpus().length} cores (${cpus()[0]?.model}). Starting the shop ...`);
const shop = await startShop({ folder, env: HIGH_LIMITS });
const identity = new Pool(shop.system.urls['identity'] ?? '', { connections: AT_ONCE + 64 });

async function post(path: string, body: object, address: string): Promise<string> {
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': address };
  const answer = await identity.request({ method: 'POST', path, headers, body: JSON.stringify(body) });
  const text = await answer.body.text();
  if (answer.statusCode >= 300) throw new Error(`${path}: ${answer.statusCode} ${text}`);
  return text;
}

const account = (n: number) => ({ email: `login-${n % ACCOUNTS}@example.com`, password: 'seven green bicycles' });
const address = (n: number) => `198.51.100.${n % ACCOUNTS}`;
const login = (n: number) => post('/api/auth/login', account(n), address(n));

async function profile(token: string): Promise<number> {
  const start = performance.now();
  const answer = await identity.request({ method: 'GET', path: '/api/users/me', headers: { authorization: `Bearer ${token}` } });
  await answer.body.dump();
  if (answer.statusCode !== 200) throw new Error(`/api/users/me: ${answer.statusCode}`);
  return performance.now() - start;
}

/** Requests profiles at a steady pace. Returns the times in ms, sorted. */
async function profiles(token: string): Promise<number[]> {
  const asked: Promise<number>[] = [];
  for (const end = performance.now() + SECONDS * 1_000; performance.now() < end; await delay(PACE_MS)) asked.push(profile(token));
  return (await Promise.all(asked)).toSorted((a, b) => a - b);
}

async function logins(): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + SECONDS * 1_000;
  let turn = 0;
  async function customer(): Promise<void> {
    while (performance.now() < end) {
      const start = performance.now();
      await login(turn++);
      times.push(performance.now() - start);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, customer));
  return times.toSorted((a, b) => a - b);
}

const row = (times: number[]) => {
  const at = (share: number) => Math.round((times[Math.floor(times.length * share)] ?? 0) * 10) / 10;
  return { 'per second': Math.round(times.length / SECONDS), 'p50 ms': at(0.5), 'p99 ms': at(0.99) };
};

for (let n = 0; n < ACCOUNTS; n++) await post('/api/auth/register', { ...account(n), name: `Customer ${n}` }, address(n));
const { accessToken } = JSON.parse(await login(0));
await profiles(accessToken); // warm up
const quiet = row(await profiles(accessToken));
const [busy, flood] = (await Promise.all([profiles(accessToken), logins()])).map(row);
console.table({ 'profile, quiet': quiet, 'profile, under logins': busy, [`login, ${AT_ONCE} at once`]: flood });
console.log(`p99 of a profile under logins: ${((busy?.['p99 ms'] ?? 0) / quiet['p99 ms']).toFixed(1)} times the quiet one.`);
await identity.close();
await shop.stop();
await rm(folder, { recursive: true, force: true });

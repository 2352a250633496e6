import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { root } from '@sidecart/runner/root';
import { seed } from '@sidecart/runner/seed';
import { client } from '../support/api.js';
import { HIGH_LIMITS, startShop, type Shop } from '@sidecart/runner/shop';

let folder: string;
let shop: Shop;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidecart-readme-'));
  shop = await startShop({ folder, env: HIGH_LIMITS });
  await seed({ api: shop.edge, ...shop.system.admin, log: () => undefined });
}, 180_000);

afterAll(async () => {
  await shop?.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

test('every command of the first purchase in the README works', async () => {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const script = /## A first purchase[\s\S]*?```sh\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const commands = script.split('\n').filter((line) => /\b(curl|until)\b/.test(line));
  expect(commands.length).toBeGreaterThan(8);
  const env = { ...process.env, API: `${shop.edge}/api`, MAIL: `${shop.mails}/api` };
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], { env, timeout: 60_000 });
  expect(stdout).toMatch(/"status":"succeeded"/);
  expect(stdout).toMatch(/"status":"paid"/);
  expect(stdout.split('\n').slice(-6).join(' ')).toMatch(/We have received your payment/);
}, 90_000);

test('seeding a second time changes nothing', async () => {
  const total = async () => (await client(shop.edge)('GET', '/api/products?limit=100')).body.data.length;
  const before = await total();
  expect(before).toBeGreaterThan(50);
  await seed({ api: shop.edge, ...shop.system.admin, log: () => undefined });
  expect(await total()).toBe(before);
}, 60_000);

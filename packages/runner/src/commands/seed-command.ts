/**
 * `npm run seed`: adds a small catalogue to the running shop. `npm run seed -- <address>` is for a
 * shop that is not on port 8080.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { secretsFile } from '../shop/components.js';
import { root } from '../tools/root.js';
import { seed } from '../shop/seed.js';

const Secrets = z.object({ 'sidecart-identity': z.object({ ADMIN_EMAIL: z.string(), ADMIN_PASSWORD: z.string() }) });
const [api = 'http://localhost:8080'] = process.argv.slice(2);

async function adminOf(folder: string): Promise<{ email: string; password: string }> {
  const text = await readFile(secretsFile(folder), 'utf8').catch(() => {
    throw new Error('There is no shop here yet. Start one first: npm start');
  });
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = Secrets.parse(JSON.parse(text))['sidecart-identity'];
  return { email, password };
}

try {
  await seed({ api, ...(await adminOf(join(root, '.sidecart'))), log: (line) => console.log(line) });
} catch (error) {
  const cause = error instanceof TypeError ? `The shop cannot be reached at ${api}. Start it first: npm start` : error;
  console.error(cause instanceof Error ? cause.message : cause);
  process.exitCode = 1;
}

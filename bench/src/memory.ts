/** `npm run bench -- memory`: what each process of the shop takes at rest, in MB. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { seed } from '@sidecart/runner/seed';
import { startShop } from '@sidecart/runner/shop';
import { memoryOf, untilIdle } from './parts.js';

/** The shop is measured this long after it became idle, when heaps have been collected. */
const REST_MS = 30_000;

const folder = await mkdtemp(join(tmpdir(), 'sidecart-bench-'));
const shop = await startShop({ folder });
await seed({ api: shop.edge, ...shop.system.admin, log: (line) => console.log(line) });
await untilIdle(shop);
await delay(REST_MS);
console.table(await memoryOf(shop));
await shop.stop();
await rm(folder, { recursive: true, force: true });

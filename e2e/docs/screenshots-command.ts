/**
 * `npm run screenshots`: starts the shop with its sample catalogue and updates the pictures in
 * `docs/pictures/`.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '@sidecart/runner/root';
import { seed } from '@sidecart/runner/seed';
import { startShop } from '@sidecart/runner/shop';
import type { Browser } from 'playwright-core';
import sharp from 'sharp';
import { openBrowser } from '../support/browser.js';

/** Pages by the name of their picture. A page is complete once it has an element like `ready`. */
const PAGES = {
  api: { path: '/api/docs?urls.primaryName=orders', ready: '.opblock' },
};
const MAX_BYTES = 200_000;
/** A busy machine may take this long to show a page. */
const PATIENCE_MS = 120_000;

async function picture(browser: Browser, url: string, ready: string, colorScheme: 'light' | 'dark'): Promise<Buffer> {
  const page = await browser.newPage({ viewport: { width: 1200, height: 720 }, deviceScaleFactor: 1.5, colorScheme });
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(url);
  await page.waitForSelector(ready);
  const png = await sharp(await page.screenshot())
    .png({ palette: true, effort: 10 })
    .toBuffer();
  await page.close();
  if (png.length > MAX_BYTES) throw new Error(`The picture of ${url} has ${png.length} bytes; the limit is ${MAX_BYTES}`);
  return png;
}

const folder = await mkdtemp(join(tmpdir(), 'sidecart-'));
try {
  const browser = await openBrowser(folder);
  console.log('Starting the shop');
  const shop = await startShop({ folder });
  try {
    await seed({ api: shop.edge, ...shop.system.admin, log: () => undefined });
    for (const [name, { path, ready }] of Object.entries(PAGES)) {
      for (const colorScheme of ['light', 'dark'] as const) {
        const file = join('docs', 'pictures', `${name}-${colorScheme}.png`);
        const png = await picture(browser, shop.edge + path, ready, colorScheme);
        await writeFile(join(root, file), png);
        console.log(`${file}: ${png.length} bytes`);
      }
    }
  } finally {
    await shop.stop();
    await browser.close();
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

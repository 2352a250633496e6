import type { Subscriptions } from '@sidecart/chassis/subscriptions';
import { ProductCreated, ProductUpdated } from '@sidecart/contracts/catalog';
import { learn } from './record.js';
import type { Stocks } from './store.js';

/**
 * Gives each variant its stock record, one that was lost included, and notes the product's name and
 * the variant's backorder setting.
 */
export function subscribeStock(
  events: Subscriptions,
  { stocks, threshold, onChange }: { stocks: Stocks; threshold: number; onChange: (sku: string) => Promise<void> },
): void {
  for (const type of [ProductCreated, ProductUpdated]) {
    events.on(type, async ({ sequence, time, data: { productId, name, variants } }) => {
      const update = async ({ sku, backorder }: (typeof variants)[number]) => {
        const product = { productId, name, backorder, sequence, at: time };
        await stocks.create(sku, { product, threshold }, (stock) => learn(stock, product));
        await onChange(sku);
      };
      await Promise.all(variants.map(update));
    });
  }
}

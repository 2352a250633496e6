import { total } from './minutes.js';
import { availability } from './report.js';
import type { StockView } from './schemas.js';
import { available, backordered, held, onHand, type Stock } from './stock.js';

/** Returns what staff see of a stock. */
export function view(stock: Stock, now: Date): StockView {
  const { sku, product, threshold, places } = stock;
  return {
    sku,
    productId: product.productId,
    name: product.name,
    onHand: onHand(stock),
    held: held(stock, now),
    backordered: backordered(stock, now),
    available: available(stock, now),
    backorder: product.backorder,
    threshold,
    availability: availability(stock),
    locations: places.map(({ location, onHand, held }) => {
      const pieces = total(held, now);
      return { location, onHand, held: pieces, available: onHand - pieces };
    }),
  };
}

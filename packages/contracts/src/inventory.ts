import { z } from 'zod';
import { call } from './call.js';
import { CartId, Id, Instant, MAX_LINES, MAX_QUANTITY, ProductId, Sku, StockLine } from './common.js';
import { event } from './event.js';

/** `backorder` and `preorder`: nothing is on hand, but the variant can be ordered. */
export const Availability = z.enum(['in_stock', 'low_stock', 'out_of_stock', 'backorder', 'preorder']);
export type Availability = z.infer<typeof Availability>;

const Lines = z.array(StockLine).min(1).max(MAX_LINES);
/** `reference` is the order's id. */
const Reservation = z.object({ reference: Id, lines: Lines });

/** Staff have moved stock in or out. `change` is signed; `onHand` is the quantity after it. */
export const InventoryAdjusted = event(
  'inventory.adjusted',
  1,
  z.object({ sku: Sku, change: z.number().int(), onHand: z.number().int(), reason: z.string() }),
);
export const InventoryReserved = event('inventory.reserved', 1, Reservation);
export const InventoryReleased = event('inventory.released', 1, Reservation);
export const InventoryCommitted = event('inventory.committed', 1, Reservation);
export const InventoryReturned = event('inventory.returned', 1, Reservation);
/**
 * The reservation of a paid order had lapsed and these lines are out of stock, so the order cannot
 * be fulfilled.
 */
export const InventoryShort = event('inventory.short', 1, Reservation);
export const InventoryLow = event(
  'inventory.low_stock',
  1,
  z.object({ sku: Sku, productId: ProductId, onHand: z.number().int(), threshold: z.number().int() }),
);
/** The most pieces that `inventory.availability_changed` reports. */
export const MAX_REPORTED = 20;

/**
 * The availability of a SKU, or its pieces on hand, have changed. `quantity` is what is on hand,
 * and `MAX_REPORTED` if it is more, so sales from a large stock make no events.
 */
export const AvailabilityChanged = event(
  'inventory.availability_changed',
  2,
  z.object({ sku: Sku, productId: ProductId, availability: Availability, quantity: z.int().min(0).max(MAX_REPORTED) }),
);

/** A line of which too little is available. Refusals list them. */
export const ShortLine = z.object({ sku: Sku, requested: z.number().int(), available: z.number().int() });
export type ShortLine = z.infer<typeof ShortLine>;

/** Returns the stock of a SKU. Refused as `missing` if the SKU is unknown. */
export const Stock = call(
  'inventory',
  'stock',
  z.strictObject({ sku: Sku }),
  z.object({ sku: Sku, available: z.number().int(), availability: Availability }),
);

/**
 * Sets a cart's hold on a SKU to this quantity until this time; 0 releases it. A guest's cart has a
 * `guestAddress`, a hash of the client's address, because what guests hold is limited. Refused with
 * the line, and the hold stays as it was: `conflict` (`out-of-stock`, `guest-stock-limit`),
 * `limited` (`guest-hold-limit`).
 */
export const Hold = call(
  'inventory',
  'hold',
  z.strictObject({
    cartId: CartId,
    sku: Sku,
    quantity: z.number().int().min(0).max(MAX_QUANTITY),
    until: Instant,
    guestAddress: Id.optional(),
  }),
  z.object({ sku: Sku, quantity: z.number().int(), until: Instant }),
);

/**
 * Reserves every line or none until this time, under the order's id, and uses up the cart's holds
 * on these SKUs. A repeat reserves nothing more. Refused as `conflict`: `out-of-stock` with the
 * short lines, `order-cancelled`.
 */
export const Reserve = call(
  'inventory',
  'reserve',
  z.strictObject({ reference: Id, cartId: CartId.nullable(), lines: Lines, until: Instant }),
  z.object({ reference: Id, until: Instant }),
);

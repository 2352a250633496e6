import { z } from 'zod';
import { Country } from './address.js';
import { call } from './call.js';
import { CartId, Id, Instant, MAX_LINES, MAX_QUANTITY, ProductId, Quantity, Sku, StockLine, UserId } from './common.js';
import { event } from './event.js';

/** `backorder` and `preorder`: nothing is on hand, but the variant can be ordered. */
export const Availability = z.enum(['in_stock', 'low_stock', 'out_of_stock', 'backorder', 'preorder']);
export type Availability = z.infer<typeof Availability>;

const Lines = z.array(StockLine).min(1).max(MAX_LINES);

/** Most shops have one location, `default`, which always exists. */
export const MAX_LOCATIONS = 50;
export const LocationId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'Use 1 to 40 lower-case letters, digits and -, beginning with a letter or digit.')
  .meta({ examples: ['vienna'] });
/** Pieces by the location they are at. */
export const Allocation = z.array(z.strictObject({ location: LocationId, quantity: Quantity })).max(MAX_LOCATIONS);
export type Allocation = z.infer<typeof Allocation>;

/** `reference` is the order's id. */
const Reservation = z.object({ reference: Id, lines: Lines });
/** `from` says where the pieces are. They are fewer than `quantity` if some are backordered. */
const Allocated = z.object({
  reference: Id,
  lines: z
    .array(StockLine.extend({ from: Allocation }))
    .min(1)
    .max(MAX_LINES),
});

/** Staff have moved stock. `change` is signed; `onHand` is the quantity at the location after it. */
export const InventoryAdjusted = event(
  'inventory.adjusted',
  2,
  z.object({
    sku: Sku,
    location: LocationId,
    type: z.enum(['receive', 'ship', 'adjust', 'transfer', 'count']),
    change: z.int(),
    onHand: z.int(),
    reason: z.string(),
  }),
);
export const InventoryReserved = event('inventory.reserved', 2, Allocated);
export const InventoryReleased = event('inventory.released', 1, Reservation);
export const InventoryCommitted = event('inventory.committed', 2, Allocated);
export const InventoryReturned = event('inventory.returned', 2, Allocated);
/** An order was promised these pieces, which are not on hand yet. */
export const InventoryBackordered = event('inventory.backordered', 1, Reservation);
/** Pieces that a paid order has waited for have arrived, and are sold to it. */
export const InventoryBackorderFilled = event('inventory.backorder_filled', 1, Allocated);
/** The reservation of an order has ended without a payment, and others can have these pieces. */
export const InventoryLapsed = event('inventory.lapsed', 1, Reservation);
/**
 * The reservation of a paid order has lapsed and these lines are out of stock, so the order cannot
 * be fulfilled.
 */
export const InventoryShort = event('inventory.short', 1, Reservation);

/** A cart holds this many pieces of the SKU until then, in place of what it held before. */
export const InventoryHeld = event('inventory.held', 1, z.object({ cartId: CartId, sku: Sku, quantity: z.int().min(1), until: Instant }));
export const InventoryHoldReleased = event('inventory.hold_released', 1, z.object({ cartId: CartId, sku: Sku, quantity: z.int().min(1) }));
/** The holds of a cart on these lines have ended by themselves. */
export const InventoryHoldLapsed = event(
  'inventory.hold_lapsed',
  1,
  z.object({
    cartId: CartId,
    lines: z
      .array(StockLine)
      .min(1)
      .max(2 * MAX_LINES),
  }),
);

/** The stock has become low. Published once, until it has been above the threshold again. */
export const InventoryLow = event(
  'inventory.low_stock',
  1,
  z.object({ sku: Sku, productId: ProductId, onHand: z.int(), threshold: z.int() }),
);
/** There are pieces to sell again, after there were none. */
export const InventoryBackInStock = event(
  'inventory.back_in_stock',
  1,
  z.object({ sku: Sku, productId: ProductId, name: z.string(), quantity: z.int().min(1) }),
);
/** A customer who has asked for it is to learn that the SKU is back in stock. */
export const InventorySubscriptionDue = event(
  'inventory.subscription_due',
  1,
  z.object({
    sku: Sku,
    productId: ProductId,
    /** Of the product. */
    name: z.string(),
    subscriber: z.object({ userId: UserId, email: z.string(), name: z.string() }),
  }),
);
/** The most pieces that `inventory.availability_changed` reports. */
export const MAX_REPORTED = 20;

/**
 * The availability of a SKU, or its pieces on hand, have changed. `quantity` is what is on hand and
 * not promised to orders that wait, and `MAX_REPORTED` if it is more, so sales from a large stock
 * make no events.
 */
export const AvailabilityChanged = event(
  'inventory.availability_changed',
  2,
  z.object({ sku: Sku, productId: ProductId, availability: Availability, quantity: z.int().min(0).max(MAX_REPORTED) }),
);

/** A line with more pieces than can be ordered. Refusals list them. */
export const ShortLine = z.object({ sku: Sku, requested: z.int(), available: z.int() });
export type ShortLine = z.infer<typeof ShortLine>;

/**
 * Returns the stock of a SKU. `available` pieces are on hand and nobody holds them; `orderable`
 * counts those too that can be backordered. Refused as `missing` if the SKU is unknown.
 */
export const Stock = call(
  'inventory',
  'stock',
  z.strictObject({ sku: Sku }),
  z.object({ sku: Sku, available: z.int(), orderable: z.int(), availability: Availability }),
);

/**
 * Sets a cart's hold on a SKU to this quantity until this time; 0 releases it. A guest's cart has a
 * `guestAddress`, a hash of the client's address, because what guests hold is limited. Of a SKU that
 * can be backordered the hold may cover fewer pieces; the order is promised the rest. Refused with
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
 * on these SKUs. Pieces come from the locations that serve `country` first. A repeat reserves
 * nothing more. Refused as `conflict`: `out-of-stock` with the short lines, `order-cancelled`.
 */
export const Reserve = call(
  'inventory',
  'reserve',
  z.strictObject({ reference: Id, cartId: CartId.nullable(), lines: Lines, until: Instant, country: Country.nullable().optional() }),
  z.object({ reference: Id, until: Instant }),
);

/** A change of some lines of a reservation. The same `requestId` again changes nothing more. */
const Part = z.strictObject({ reference: Id, requestId: Id, lines: Lines });

/**
 * Sells these pieces of a reservation, before the order is paid as a whole. Refused as `missing`;
 * as `conflict`: `not-reserved` with the lines, `out-of-stock`, `request-reused`,
 * `too-many-requests`.
 */
export const Commit = call('inventory', 'commit', Part, z.object({ reference: Id }));

/**
 * Gives these pieces of a reservation back: those that wait first, then those that are held, then
 * those that were sold, which return to stock. A reservation without pieces is as good as none: the
 * order can reserve again. Refused as `missing`; as `conflict`: `not-reserved` with the lines,
 * `request-reused`, `too-many-requests`.
 */
export const Release = call('inventory', 'release', Part, z.object({ reference: Id }));

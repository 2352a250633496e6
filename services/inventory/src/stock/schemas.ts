import { pageOf, PageQuery } from '@sidecart/chassis/lists';
import { Backorder } from '@sidecart/contracts/catalog';
import { Instant, OrderId, ProductId, Sku, UserId } from '@sidecart/contracts/common';
import { Availability, LocationId, MAX_LOCATIONS } from '@sidecart/contracts/inventory';
import { z } from 'zod';
import { LEVELS } from './report.js';

const MAX_PIECES = 1_000_000;

const pieces = (example: number, description?: string) =>
  z.int().meta({ ...(description === undefined ? {} : { description }), examples: [example] });

export const BySku = z.object({ sku: Sku });

export const NewStock = z.strictObject({ sku: Sku, productId: ProductId });

const Reason = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .meta({ examples: ['delivery'] });
const Pieces = z
  .int()
  .min(1)
  .max(MAX_PIECES)
  .meta({ examples: [20] });
const Place = LocationId.default('default').meta({ description: 'The default location unless given.', examples: ['vienna'] });

export const NewMovement = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('receive'), quantity: Pieces, location: Place, reason: Reason }),
  z.strictObject({ type: z.literal('ship'), quantity: Pieces, location: Place, reason: Reason }),
  z.strictObject({
    type: z.literal('adjust'),
    change: z
      .int()
      .min(-MAX_PIECES)
      .max(MAX_PIECES)
      .refine((change) => change !== 0, 'Use a number other than 0.')
      .meta({ description: 'Negative if pieces leave.', examples: [-2] }),
    location: Place,
    reason: Reason,
  }),
  z
    .strictObject({ type: z.literal('transfer'), quantity: Pieces, from: Place, to: Place, reason: Reason })
    .refine(({ from, to }) => from !== to, { path: ['to'], message: 'Transfer to another location.' }),
  z.strictObject({
    type: z.literal('count'),
    counted: z
      .int()
      .min(0)
      .max(MAX_PIECES)
      .meta({ description: 'The pieces that are there. The ledger shows the difference.', examples: [18] }),
    location: Place,
    reason: Reason,
  }),
]);

export const Threshold = z.strictObject({
  threshold: z
    .int()
    .min(0)
    .max(MAX_PIECES)
    .meta({ description: 'Stock of this many pieces or fewer is low.', examples: [5] }),
});

const PlaceView = z.object({
  location: LocationId,
  onHand: pieces(20),
  held: pieces(2, 'Held by carts and orders.'),
  available: pieces(18, 'On hand and not held.'),
});

export const StockView = z
  .object({
    sku: Sku,
    productId: ProductId,
    name: z.string().meta({ description: 'The name of the product, if it is known.', examples: ['Pocket compass'] }),
    onHand: pieces(20),
    held: pieces(2, 'Held by carts and orders.'),
    backordered: pieces(0, 'Promised to orders beyond what is on hand.'),
    available: pieces(18, 'On hand, not held, and not promised to orders that wait.'),
    backorder: Backorder.nullable().meta({ description: 'The setting of the variant.' }),
    threshold: pieces(5, 'Stock of this many pieces or fewer is low.'),
    availability: Availability,
    locations: z.array(PlaceView).max(MAX_LOCATIONS),
  })
  .meta({ id: 'Stock' });
export type StockView = z.infer<typeof StockView>;

export const MovementView = z
  .object({
    seq: z.int().meta({ examples: [1] }),
    sku: Sku,
    location: LocationId,
    type: z.enum(['receive', 'ship', 'adjust', 'transfer', 'count', 'sale', 'return']),
    quantity: pieces(20, 'Negative if pieces leave.'),
    before: pieces(0, 'On hand at the location before the movement.'),
    after: pieces(20, 'On hand at the location after the movement.'),
    balance: pieces(20, 'On hand at all locations after the movement.'),
    reference: OrderId.nullable().meta({ description: 'The order, if an order caused it.', examples: [null] }),
    reason: Reason,
    at: Instant,
    by: UserId.nullable().meta({ description: 'The user, or null if an order caused it.' }),
  })
  .meta({ id: 'Movement' });

export const Movements = z.object({
  movements: z.array(MovementView).max(2).meta({ description: 'One, or the two of a transfer.' }),
});

export const StockDetails = StockView.extend({ movements: pageOf(MovementView) }).meta({ id: 'StockDetails' });

const Cursor = z
  .string()
  .max(500)
  .meta({ examples: ['WyJfaWQiLCJDT01QQVNTLTEiLCJDT01QQVNTLTEiXQ'] });

export const StockQuery = z.strictObject({
  ...PageQuery.shape,
  cursor: Cursor.optional(),
  level: z
    .enum(LEVELS)
    .optional()
    .meta({ description: '`low` is at or below the threshold; `out` has nothing to sell.', examples: ['low'] }),
  location: LocationId.optional().meta({ description: 'With stock at this location.' }),
  sku: z
    .string()
    .regex(/^[\w.-]{1,40}$/, 'Use 1 to 40 letters, digits, dots, - and _.')
    .optional()
    .meta({ description: 'The beginning of the SKU.', examples: ['COMPASS'] }),
});

export const StockList = z.object({
  data: z.array(StockView),
  next: Cursor.nullable().meta({ description: 'The cursor of the next page, or null on the last.' }),
});

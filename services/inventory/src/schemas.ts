import { Instant, OrderId, ProductId, Sku, UserId } from '@sidecart/contracts/common';
import { Availability } from '@sidecart/contracts/inventory';
import { z } from 'zod';

const MAX_PIECES = 1_000_000;

const pieces = (example: number, description?: string) =>
  z.int().meta({ ...(description === undefined ? {} : { description }), examples: [example] });

export const BySku = z.object({ sku: Sku });

export const NewStock = z.strictObject({ sku: Sku, productId: ProductId, quantity: z.int().min(0).max(MAX_PIECES).default(0) });

const Reason = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .meta({ examples: ['delivery'] });
export const NewMovement = z.strictObject({
  type: z.enum(['in', 'out']),
  quantity: z
    .int()
    .min(1)
    .max(MAX_PIECES)
    .meta({ examples: [20] }),
  reason: Reason,
});

export const Threshold = z.strictObject({
  threshold: z
    .int()
    .min(0)
    .max(MAX_PIECES)
    .meta({ description: 'Stock of this many pieces or fewer is low.', examples: [5] }),
});

export const StockView = z
  .object({
    sku: Sku,
    productId: ProductId,
    onHand: pieces(20),
    held: pieces(2, 'Held by carts and orders.'),
    available: pieces(18, 'On hand and not held.'),
    threshold: pieces(5, 'Stock of this many pieces or fewer is low.'),
    availability: Availability,
  })
  .meta({ id: 'Stock' });
export type StockView = z.infer<typeof StockView>;

export const MovementView = z
  .object({
    seq: z.int().meta({ examples: [1] }),
    sku: Sku,
    type: z.enum(['in', 'out', 'sale', 'return']),
    quantity: pieces(20, 'Negative if pieces leave.'),
    balance: pieces(20, 'On hand after the movement.'),
    reference: OrderId.nullable().meta({ description: 'The order, if an order caused it.', examples: [null] }),
    reason: Reason,
    at: Instant,
    by: UserId.nullable().meta({ description: 'The user, or null if an order caused it.' }),
  })
  .meta({ id: 'Movement' });

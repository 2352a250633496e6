import { z } from 'zod';

/** Limits that carts, orders and inventory share, so each accepts what another sends. */
export const MAX_LINES = 50;
export const MAX_QUANTITY = 999;

export const Id = z.string().regex(/^[\w-]{1,64}$/, 'Use 1 to 64 letters, digits, - and _.');

// Each kind of id has its own example, so all OpenAPI documents describe the same purchase.
export const UserId = Id.meta({ examples: ['5b1f7c7e-2f0a-4c39-9d6e-1a8f3b2c4d5e'] });
export const ProductId = Id.meta({ examples: ['c0a8d6f2-7b3e-4f51-8a94-6d2e1f0b9c37'] });
export const CategoryId = Id.meta({ examples: ['e4d2b8a1-93c5-4e76-b0f8-5a7c6d1e2f43'] });
export const CartId = Id.meta({ examples: ['u-5b1f7c7e-2f0a-4c39-9d6e-1a8f3b2c4d5e'] });
export const CheckoutId = Id.meta({ examples: ['7d9e3a52-0c1b-4d68-a5f7-2b4c6e8f0a13'] });
export const OrderId = Id.meta({ examples: ['2f6b9c84-d1e7-4a05-8c3b-9e0f7a6d5b21'] });
export const PaymentId = Id.meta({ examples: ['a93c5e17-4b8d-4f20-9e61-0d7b2c8f3a46'] });

export const Sku = z
  .string()
  .regex(/^[A-Za-z0-9][\w.-]{0,39}$/, 'Use 1 to 40 letters, digits, dots, - and _, beginning with a letter or digit.')
  .meta({ examples: ['COMPASS-1'] });
export const Quantity = z
  .number()
  .int()
  .min(1)
  .max(MAX_QUANTITY)
  .meta({ examples: [2] });
/** A time in ISO 8601 format, in UTC. */
export const Instant = z.iso.datetime().meta({ examples: ['2026-01-31T12:00:00.000Z'] });

/** A quantity of one SKU. */
export const StockLine = z.strictObject({ sku: Sku, quantity: Quantity });
export type StockLine = z.infer<typeof StockLine>;

import { z } from 'zod';

/** Limits that several services share, so that what one accepts the next can take. */
export const MAX_LINES = 50;
export const MAX_QUANTITY = 999;

export const Id = z.string().regex(/^[\w-]{1,64}$/, 'letters, digits, - and _, 64 at the most');
export const Sku = z.string().regex(/^[A-Za-z0-9][\w.-]{0,39}$/, 'letters, digits, dot, - and _, 40 at the most');
export const Quantity = z.number().int().min(1).max(MAX_QUANTITY);
/** A moment as ISO 8601 in UTC. */
export const Instant = z.iso.datetime();

export const StockLine = z.strictObject({ sku: Sku, quantity: Quantity });
export type StockLine = z.infer<typeof StockLine>;

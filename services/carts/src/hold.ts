import { DomainError } from '@sidecart/chassis/errors';
import { ShortLine } from '@sidecart/contracts/inventory';
import type { Want } from './cart.js';

/** Inventory, as a cart sees it. */
export interface Inventory {
  hold: (input: { cartId: string; sku: string; quantity: number; until: string }) => Promise<unknown>;
  stock: (input: { sku: string }) => Promise<{ available: number }>;
}

export interface HoldOptions extends Inventory {
  /** 0 holds nothing and only looks whether it is there. */
  minutes: number;
  now: () => Date;
}

export type Hold = ReturnType<typeof createHold>;

/** Makes what a cart holds of a SKU as much as it wants. Where there is less, the hold stays what it was, and what there is is answered. */
export function createHold({ hold, stock, minutes, now }: HoldOptions) {
  async function look({ sku, quantity }: Want): Promise<ShortLine | undefined> {
    if (quantity === 0) return undefined;
    const { available } = await stock({ sku });
    return quantity > available ? { sku, requested: quantity, available } : undefined;
  }

  async function take({ cartId, sku, quantity }: Want): Promise<ShortLine | undefined> {
    const until = new Date(now().getTime() + minutes * 60_000).toISOString();
    try {
      await hold({ cartId, sku, quantity, until });
      return undefined;
    } catch (error) {
      if (error instanceof DomainError && error.slug === 'out-of-stock') return ShortLine.parse(error.extras.lines?.[0]);
      throw error;
    }
  }

  return minutes === 0 ? look : take;
}

import { DomainError } from '@sidecart/chassis/errors';
import { ShortLine } from '@sidecart/contracts/inventory';
import type { Want } from './cart.js';

/** Inventory, as a cart sees it. */
export interface Inventory {
  hold: (input: { cartId: string; sku: string; quantity: number; until: string; guestAddress?: string }) => Promise<unknown>;
  stock: (input: { sku: string }) => Promise<{ available: number }>;
}

export interface HoldOptions extends Inventory {
  /** 0 holds nothing and only checks that there is enough. */
  minutes: number;
  now: () => Date;
}

/** Why a want cannot be held, and how much of it can be. */
export interface Refusal {
  error: DomainError;
  available: number;
}

export type Hold = ReturnType<typeof createHold>;

/** Refusals by inventory that name how much can be held. */
const REFUSALS = ['out-of-stock', 'guest-stock-limit', 'guest-hold-limit'];

/** Sets what a cart holds of a SKU to what it wants. Returns the refusal, if any; the hold is then what it was. */
export function createHold({ hold, stock, minutes, now }: HoldOptions) {
  async function look({ sku, quantity }: Want): Promise<Refusal | undefined> {
    if (quantity === 0) return undefined;
    const { available } = await stock({ sku });
    if (quantity <= available) return undefined;
    const lines = [{ sku, requested: quantity, available }];
    return { error: new DomainError('conflict', 'out-of-stock', `There is not enough of ${sku}.`, { lines }), available };
  }

  async function take({ cartId, sku, quantity, guestAddress }: Want): Promise<Refusal | undefined> {
    const until = new Date(now().getTime() + minutes * 60_000).toISOString();
    try {
      await hold({ cartId, sku, quantity, until, ...(guestAddress === undefined ? {} : { guestAddress }) });
      return undefined;
    } catch (error) {
      if (!(error instanceof DomainError && REFUSALS.includes(error.slug))) throw error;
      return { error, available: ShortLine.parse(error.extras.lines?.[0]).available };
    }
  }

  return minutes === 0 ? look : take;
}

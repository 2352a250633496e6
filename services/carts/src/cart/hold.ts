import { DomainError } from '@sidecart/chassis/errors';
import { ShortLine } from '@sidecart/contracts/inventory';
import type { Target } from './cart.js';

/** The service inventory, as a cart calls it. */
export interface Inventory {
  hold: (input: { cartId: string; sku: string; quantity: number; until: string; guestAddress?: string }) => Promise<unknown>;
  stock: (input: { sku: string }) => Promise<{ orderable: number }>;
}

export interface HoldOptions extends Inventory {
  /** 0 holds nothing and only checks that enough is available. */
  minutes: number;
  now: () => Date;
}

/** Why a target cannot be held, and how much of it can. */
export interface Refusal {
  error: DomainError;
  available: number;
}

export type Hold = ReturnType<typeof createHold>;

/** The refusals of inventory that say how much can be held. */
const REFUSALS = ['out-of-stock', 'guest-stock-limit', 'guest-hold-limit'];

/**
 * Sets a cart's hold on a SKU to its target. Returns the refusal, if any, which leaves the hold as
 * it was.
 */
export function createHold({ hold, stock, minutes, now }: HoldOptions) {
  async function check({ sku, quantity }: Target): Promise<Refusal | undefined> {
    if (quantity === 0) return undefined;
    const { orderable: available } = await stock({ sku });
    if (quantity <= available) return undefined;
    const lines = [{ sku, requested: quantity, available }];
    return { error: new DomainError('conflict', 'out-of-stock', `There is not enough stock of ${sku}.`, { lines }), available };
  }

  async function set({ cartId, sku, quantity, guestAddress }: Target): Promise<Refusal | undefined> {
    const until = new Date(now().getTime() + minutes * 60_000).toISOString();
    try {
      await hold({ cartId, sku, quantity, until, ...(guestAddress === undefined ? {} : { guestAddress }) });
      return undefined;
    } catch (error) {
      if (!(error instanceof DomainError && REFUSALS.includes(error.slug))) throw error;
      return { error, available: ShortLine.parse(error.extras.lines?.[0]).available };
    }
  }

  return minutes === 0 ? check : set;
}

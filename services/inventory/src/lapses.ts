import type { CartHolds } from './holds/store.js';
import type { Reservations } from './reservations/store.js';

/**
 * Ends the holds of a cart, or the reservation of an order, whose time is over. Returns after how
 * many milliseconds to look again, or `undefined` if nothing is left.
 */
export async function dueLapse(
  { holds, reservations }: { holds: Pick<CartHolds, 'lapse'>; reservations: Pick<Reservations, 'lapse'> },
  id: string,
): Promise<number | undefined> {
  const [kind, name = ''] = id.split('|');
  return kind === 'cart' ? holds.lapse(name) : reservations.lapse(name);
}

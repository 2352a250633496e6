import type { NewEvent } from '@sidecart/contracts/event';
import { InventoryBackorderFilled } from '@sidecart/contracts/inventory';
import type { Locations } from '../locations/location.js';
import { piecesOf } from '../stock/allocation.js';
import type { Movement } from '../stock/movement.js';
import { allocate, unheld, type Stock } from '../stock/stock.js';
import { openDraft } from './decision.js';
import { sell } from './pieces.js';
import { allocatedLines, stands, type Reservation, type ReservedLine } from './reservation.js';

/** An order in the queue of a SKU. */
export interface Waiter {
  ticket: number;
  reservation: Reservation | undefined;
}

export interface Filled {
  stock: Stock;
  reservations: readonly Reservation[];
  movements: readonly Movement[];
  events: readonly NewEvent[];
}

/**
 * Sells what has arrived to the paid orders that wait, first come, first served. The pieces of an
 * unpaid order are set aside; it gets them when it is paid. `waiters` follow the last ticket that is
 * done.
 */
export function fill(before: Stock, waiters: readonly Waiter[], locations: Locations, now: Date): Filled {
  const { sku } = before;
  const draft = openDraft({ stocks: new Map([[sku, before]]), now });
  const reservations: Reservation[] = [];
  const events: NewEvent[] = [];
  let left = piecesOf(unheld(before, now));
  let served = before.served;

  /** Returns how many pieces the order waits for after this. */
  function serve(reservation: Reservation, line: ReservedLine): number {
    if (reservation.state !== 'committed') {
      left -= Math.min(left, line.waiting);
      return line.waiting;
    }
    const pieces = Math.min(left, line.waiting);
    if (pieces === 0) return line.waiting;
    left -= pieces;
    const { reference, country } = reservation;
    const from = allocate(draft.find(sku) ?? before, pieces, { locations, country }, now);
    const after = { ...sell(draft, line, from, reference, 'backorder filled'), waiting: line.waiting - pieces };
    draft.change(sku, (stock) => ({ ...stock, owed: stock.owed - pieces }));
    const version = reservation.version + 1;
    reservations.push({ ...reservation, version, lines: reservation.lines.map((each) => (each === line ? after : each)) });
    const filled = allocatedLines([line], () => from);
    events.push(InventoryBackorderFilled(reference, version, { reference, lines: filled }));
    return after.waiting;
  }

  for (const { ticket, reservation } of waiters) {
    const line = reservation && waitingLine(reservation, sku, ticket, now);
    const waiting = line ? serve(reservation, line) : 0;
    if (waiting === 0 && served === ticket - 1) served = ticket;
  }
  draft.change(sku, (stock) => ({ ...stock, served }));
  const { stocks, movements, events: reported } = draft.close();
  return { stock: stocks.get(sku) ?? before, reservations, movements, events: [...events, ...reported] };
}

/** Returns the line that waits with this ticket, if the order still waits. */
function waitingLine(reservation: Reservation, sku: string, ticket: number, now: Date): ReservedLine | undefined {
  if (reservation.state !== 'committed' && !stands(reservation, now)) return undefined;
  return reservation.lines.find((line) => line.sku === sku && line.ticket === ticket && line.waiting > 0);
}

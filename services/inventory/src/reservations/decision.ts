import { found } from '@sidecart/chassis/errors';
import type { NewEvent } from '@sidecart/contracts/event';
import type { Holds } from '../holds/holds.js';
import type { Locations } from '../locations/location.js';
import { move, type Cause, type Movement } from '../stock/movement.js';
import { report } from '../stock/report.js';
import { forget, type Stock } from '../stock/stock.js';
import type { Reservation } from './reservation.js';

/** The documents that a decision is based on. */
export interface Facts {
  reservation: Reservation | undefined;
  /** By SKU. A SKU without a stock record is missing. */
  stocks: ReadonlyMap<string, Stock>;
  /** The holds of the cart that becomes the order. */
  holds: Holds;
  locations: Locations;
  now: Date;
}

/** What a decision changes. */
export interface Decision {
  reservation: Reservation;
  stocks: ReadonlyMap<string, Stock>;
  holds?: Holds;
  movements: readonly Movement[];
  events: readonly NewEvent[];
  /** The SKUs that the order waits for with a new ticket. */
  queued: readonly string[];
}

/** Stocks while a decision is made. */
export type Draft = ReturnType<typeof openDraft>;

/** Starts a decision on these stocks. Their changes are reported by `close`, once for each SKU. */
export function openDraft({ stocks, now }: Pick<Facts, 'stocks' | 'now'>) {
  const changed = new Map<string, Stock>();
  const movements: Movement[] = [];
  const queued: string[] = [];

  const find = (sku: string): Stock | undefined => changed.get(sku) ?? stocks.get(sku);

  return {
    now,
    find,

    /** Changes the stock of a SKU. Throws `missing` if there is none. */
    change(sku: string, change: (stock: Stock) => Stock): void {
      changed.set(sku, forget(change(found(find(sku), `The stock of ${sku}`)), now));
    },

    /** Moves pieces into or out of the stock of a SKU. */
    move(sku: string, cause: Omit<Cause, 'by'>): void {
      const moved = move(found(find(sku), `The stock of ${sku}`), { ...cause, by: null }, now);
      changed.set(sku, moved.stock);
      movements.push(moved.movement);
    },

    /** Issues the next ticket of a SKU. */
    ticket(sku: string): number {
      const tickets = (find(sku)?.tickets ?? 0) + 1;
      this.change(sku, (stock) => ({ ...stock, tickets }));
      queued.push(sku);
      return tickets;
    },

    /** Returns what has changed. */
    close() {
      const reports = [...changed].map(([sku, after]) => report(stocks.get(sku), after));
      return {
        stocks: new Map(reports.map(({ stock }) => [stock.sku, stock])),
        movements,
        queued,
        events: reports.flatMap(({ events }) => events),
      };
    },
  };
}

import type { NewEvent } from '@sidecart/contracts/event';
import { InventoryCommitted, InventoryShort } from '@sidecart/contracts/inventory';
import { piecesOf, split } from '../stock/allocation.js';
import { allocate, availableTo, outOfStock } from '../stock/stock.js';
import { openDraft, type Decision, type Facts } from './decision.js';
import { choose, free, freeAll, sell, shortLines, wantsOf } from './pieces.js';
import { notReserved, noteRequest, type Part } from './part.js';
import { backorderedEvents } from './reserve.js';
import { allocatedLines, stands, type Reservation, type ReservedLine, type StockDemand } from './reservation.js';

/**
 * Sells what a paid order has reserved; pieces that it waits for are sold when they arrive. If the
 * reservation has lapsed, or has other lines than were paid, takes all lines from what there is, or
 * none, and the order is short. Returns `undefined` if nothing changes.
 */
export function commit(facts: Facts, demand: StockDemand): Decision | undefined {
  const before = facts.reservation;
  if (before && before.state !== 'held' && before.state !== 'lapsed') return undefined;
  const draft = openDraft(facts);
  const own = freeAll(draft, before);
  const wants = wantsOf(before, demand).map((want) => ({ ...want, own: own.get(want.line.sku) ?? [] }));
  const { reference } = demand;
  const country = before?.country ?? null;
  const next = { reference, minute: before?.minute ?? 0, country, requests: before?.requests ?? {}, version: (before?.version ?? 0) + 1 };

  const short = shortLines(draft, wants);
  if (short.length > 0) {
    const closed = draft.close();
    const lines = demand.lines.filter(({ sku }) => short.some((line) => line.sku === sku));
    const reservation: Reservation = { ...next, state: 'short', lines: wants.map(({ line }) => ({ ...line, from: [], waiting: 0 })) };
    return { ...closed, reservation, events: [InventoryShort(reference, next.version, { reference, lines }), ...closed.events] };
  }

  const chosen = choose(draft, wants, { locations: facts.locations, country });
  const lines = chosen.map((line): ReservedLine => {
    const { waiting } = line;
    if (waiting > 0) draft.change(line.sku, (stock) => ({ ...stock, owed: stock.owed + waiting }));
    return { ...sell(draft, line, line.from, reference, 'order paid'), from: [] };
  });
  const closed = draft.close();
  const reservation: Reservation = { ...next, lines, state: 'committed' };
  const waits = closed.queued.length > 0 ? backorderedEvents(reservation) : [];
  return { ...closed, reservation, events: [...committedEvents(reservation, chosen), ...waits, ...closed.events] };
}

/**
 * Sells pieces of some lines, before the order is paid. If the reservation has lapsed, takes them
 * from what is available. Returns `undefined` for a repeat. Throws what `noteRequest` throws, and
 * `conflict`: `not-reserved`, `out-of-stock`.
 */
export function commitPart(facts: Facts, part: Part): Decision | undefined {
  const noted = noteRequest(facts.reservation, 'commit', part);
  if (!noted) return undefined;
  const { before, requests } = noted;
  const excess = notReserved(before, part, ({ from }) => piecesOf(from));
  if (excess) throw excess;
  const draft = openDraft(facts);
  const sold: ReservedLine[] = [];
  const lines = before.lines.map((line) => {
    const quantity = part.lines.find(({ sku }) => sku === line.sku)?.quantity ?? 0;
    if (quantity === 0) return line;
    const { taken, rest } = split(line.from, quantity);
    free(draft, before, { sku: line.sku, from: taken, waiting: 0 });
    const stock = draft.find(line.sku);
    const left = stock ? availableTo(stock, stands(before, draft.now) ? taken : [], draft.now) : 0;
    if (!stock || quantity > left) throw outOfStock([{ sku: line.sku, requested: quantity, available: left }]);
    const from = allocate(stock, quantity, { locations: facts.locations, country: before.country, prior: taken }, draft.now);
    sold.push({ ...line, from });
    return { ...sell(draft, line, from, before.reference, 'sold in part'), from: rest };
  });
  const closed = draft.close();
  const reservation = { ...before, lines, requests, version: before.version + 1 };
  return { ...closed, reservation, events: [...committedEvents(reservation, sold), ...closed.events] };
}

/** Returns the event of what these lines had, which is sold now, if it is anything. */
function committedEvents({ reference, version }: Reservation, sold: readonly ReservedLine[]): NewEvent[] {
  const lines = allocatedLines(sold, ({ from }) => from);
  return lines.length === 0 ? [] : [InventoryCommitted(reference, version, { reference, lines })];
}

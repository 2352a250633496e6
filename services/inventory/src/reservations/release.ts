import type { NewEvent } from '@sidecart/contracts/event';
import { InventoryLapsed, InventoryReleased, InventoryReturned, type Allocation } from '@sidecart/contracts/inventory';
import { returnsTo } from '../locations/location.js';
import { piecesOf, split } from '../stock/allocation.js';
import { hasLapsed } from '../stock/minutes.js';
import { openDraft, type Decision, type Draft, type Facts } from './decision.js';
import { notReserved, noteRequest, type Part } from './part.js';
import { free } from './pieces.js';
import { allocatedLines, linesWith, newLine, openOf, type Reservation, type ReservedLine, type StockDemand } from './reservation.js';

/**
 * Releases what a cancelled order has reserved, and returns what it has bought. An order that is
 * cancelled before its reservation arrives is noted as released. Returns `undefined` if nothing
 * changes.
 */
export function cancel(facts: Facts, demand: StockDemand): Decision | undefined {
  const before = facts.reservation;
  const nothing = { stocks: new Map(), movements: [], events: [], queued: [] };
  if (!before) {
    const lines = demand.lines.map(newLine);
    const reservation: Reservation = {
      reference: demand.reference,
      lines,
      minute: 0,
      state: 'released',
      country: null,
      requests: {},
      version: 1,
    };
    return { ...nothing, reservation };
  }
  const hasSold = before.lines.some(({ sold }) => sold.length > 0);
  if (before.state === 'released' || before.state === 'returned' || (before.state === 'short' && !hasSold)) return undefined;
  const state = hasSold || before.state === 'committed' ? 'returned' : 'released';
  return giveBack(facts, { ...before, state, version: before.version + 1 }, before.lines, 'order cancelled');
}

/**
 * Gives pieces of some lines back: first those that wait, then those that are held, then those that
 * were sold. Returns `undefined` for a repeat. Throws what `noteRequest` throws, and `conflict`
 * (`not-reserved`).
 */
export function releasePart(facts: Facts, part: Part): Decision | undefined {
  const noted = noteRequest(facts.reservation, 'release', part);
  if (!noted) return undefined;
  const { before, requests } = noted;
  const excess = notReserved(before, part, (line) => openOf(line) + piecesOf(line.sold));
  if (excess) throw excess;
  const given = before.lines.map((line) => firstOf(line, part.lines.find(({ sku }) => sku === line.sku)?.quantity ?? 0));
  return giveBack(facts, { ...before, requests, version: before.version + 1 }, given, 'released');
}

/** Returns `quantity` pieces of a line. */
function firstOf(line: ReservedLine, quantity: number): ReservedLine {
  const waiting = Math.min(line.waiting, quantity);
  const from = split(line.from, quantity - waiting).taken;
  return { ...line, waiting, from, sold: split(line.sold, quantity - waiting - piecesOf(from)).taken };
}

/** Frees what the given lines hold and wait for, and returns what they have sold. */
function giveBack(facts: Facts, after: Reservation, given: readonly ReservedLine[], reason: string): Decision {
  const before = facts.reservation ?? after;
  const draft = openDraft(facts);
  const { reference, version } = after;
  const returned = given.map((line) => ({ ...line, sold: takeBack(draft, facts, line, { reference, reason }) }));
  for (const line of given) free(draft, before, line);
  const closed = draft.close();
  const released = before.state === 'lapsed' ? [] : linesWith(given, openOf);
  const back = allocatedLines(returned, ({ sold }) => sold);
  const events: NewEvent[] = [
    ...(released.length > 0 ? [InventoryReleased(reference, version, { reference, lines: released })] : []),
    ...(back.length > 0 ? [InventoryReturned(reference, version, { reference, lines: back })] : []),
  ];
  const lines = after.lines.map((line, i) => without(line, given[i] ?? newLine(line)));
  return { ...closed, reservation: { ...after, lines }, events: [...events, ...closed.events] };
}

/** Returns sold pieces to where they came from, and says where that is now. */
function takeBack(
  draft: Draft,
  { locations }: Facts,
  { sku, sold }: ReservedLine,
  cause: { reference: string; reason: string },
): Allocation {
  return sold.map(({ location, quantity }) => {
    const to = returnsTo(locations, location);
    draft.move(sku, { ...cause, type: 'return', location: to, quantity });
    return { location: to, quantity };
  });
}

/** Returns a line without the given pieces, which are the first of each kind. */
const without = (line: ReservedLine, given: ReservedLine): ReservedLine => ({
  ...line,
  waiting: line.waiting - given.waiting,
  from: split(line.from, piecesOf(given.from)).rest,
  sold: split(line.sold, piecesOf(given.sold)).rest,
});

/**
 * Ends a reservation whose minute is over, so that others can have its pieces. Returns `undefined`
 * if there is nothing to end.
 */
export function lapse(facts: Facts): Decision | undefined {
  const { reservation: before, now } = facts;
  if (before?.state !== 'held' || !hasLapsed(before.minute, now)) return undefined;
  const { reference } = before;
  const version = before.version + 1;
  const draft = openDraft(facts);
  // What is held lapses by itself. What was promised also changes the availability.
  for (const { sku, waiting } of before.lines) if (waiting > 0 && draft.find(sku)) draft.change(sku, (stock) => stock);
  const lines = linesWith(before.lines, openOf);
  const closed = draft.close();
  const lapsed = lines.length === 0 ? [] : [InventoryLapsed(reference, version, { reference, lines })];
  return { ...closed, reservation: { ...before, state: 'lapsed', version }, events: [...lapsed, ...closed.events] };
}

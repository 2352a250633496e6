import type { StockLine } from '@sidecart/contracts/common';
import type { Allocation } from '@sidecart/contracts/inventory';
import { InventoryBackordered, InventoryReserved } from '@sidecart/contracts/inventory';
import { lapseEvents, lineOf, replaced, type Holds } from '../holds/holds.js';
import { plus, split } from '../stock/allocation.js';
import { endOf, hasLapsed, minuteOf } from '../stock/minutes.js';
import { release } from '../stock/stock.js';
import { openDraft, type Decision, type Draft, type Facts } from './decision.js';
import { choose, freeAll, take, wantsOf } from './pieces.js';
import { hasPieces, linesWith, openOf, orderCancelled, sameLines, stands, type Reservation, type StockDemand } from './reservation.js';

export interface ReserveRequest extends StockDemand {
  cartId: string | null;
  until: string;
  country: string | null;
}

/**
 * Reserves every line or none until this time, first from what the cart holds, then from what is
 * available, then from what can be backordered. Replaces an earlier reservation of the order, but
 * never shortens it. Returns `undefined` if nothing changes. Throws `conflict`: `out-of-stock` with
 * all short lines, `order-cancelled`.
 */
export function reserve(facts: Facts, request: ReserveRequest): Decision | undefined {
  const { now } = facts;
  const { reference, until, country } = request;
  const before = facts.reservation;
  if (before?.state === 'released' || before?.state === 'returned') throw orderCancelled();
  if (before?.state === 'committed' || before?.state === 'short') return undefined;
  const earlier = before && hasPieces(before) ? before : undefined;
  const standing = earlier && stands(earlier, now) ? earlier : undefined;
  const isRepeat = standing !== undefined && sameLines(standing, request);
  if (isRepeat && Date.parse(until) <= Date.parse(endOf(standing.minute))) return undefined;
  const minute = Math.max(minuteOf(until, now), standing?.minute ?? 0);

  const draft = openDraft(facts);
  const own = freeAll(draft, standing);
  const wants = wantsOf(earlier, request);
  const spent = spendHolds(
    draft,
    facts.holds,
    wants.map(({ line: { sku }, quantity }) => ({ sku, quantity })),
  );
  const ownOf = (sku: string) => plus(own.get(sku) ?? [], spent.from.get(sku) ?? []);
  const lines = choose(
    draft,
    wants.map((want) => ({ ...want, own: ownOf(want.line.sku) })),
    { locations: facts.locations, country },
  );
  for (const line of lines) take(draft, line, minute);

  const reservation: Reservation = {
    reference,
    lines,
    minute,
    state: 'held',
    country,
    requests: before?.requests ?? {},
    version: (before?.version ?? 0) + 1,
  };
  const closed = draft.close();
  const lapsed = request.cartId === null ? [] : lapseEvents(request.cartId, facts.holds, spent.holds, now);
  const events = [...(isRepeat ? [] : reservedEvents(reservation)), ...lapsed, ...closed.events];
  return { ...closed, reservation, holds: spent.holds, events };
}

function reservedEvents({ reference, version, lines }: Reservation) {
  const reserved = lines.filter((line) => openOf(line) > 0).map((line) => ({ sku: line.sku, quantity: openOf(line), from: line.from }));
  return [
    ...(reserved.length > 0 ? [InventoryReserved(reference, version, { reference, lines: reserved })] : []),
    ...backorderedEvents({ reference, version, lines }),
  ];
}

/** Returns the event of the lines that wait, if any do. */
export function backorderedEvents({ reference, version, lines }: Pick<Reservation, 'reference' | 'version' | 'lines'>) {
  const waiting = linesWith(lines, (line) => line.waiting);
  return waiting.length === 0 ? [] : [InventoryBackordered(reference, version, { reference, lines: waiting })];
}

/** Releases as much of the cart's holds as the order wants, and returns what they held. */
function spendHolds(draft: Draft, holds: Holds, lines: readonly StockLine[]): { holds: Holds; from: Map<string, Allocation> } {
  const from = new Map<string, Allocation>();
  let left = holds;
  for (const { sku, quantity } of lines) {
    const line = lineOf(holds, sku);
    if (!line || quantity === 0) continue;
    const { taken, rest } = split(line.from, quantity);
    if (draft.find(sku)) draft.change(sku, (stock) => release(stock, { ...line, from: taken }, draft.now));
    if (!hasLapsed(line.minute, draft.now)) from.set(sku, taken);
    left = replaced(left, { ...line, from: rest }, draft.now);
  }
  return { holds: left, from };
}

import { hasLapsed, total, type Counts } from '../../src/stock/minutes.js';
import { piecesOf } from '../../src/stock/allocation.js';
import type { Reservation } from '../../src/reservations/reservation.js';
import { available, backordered, guestHeld, held, onHand, unheld, type Stock } from '../../src/stock/stock.js';
import { PLACES, type Shop } from './shop.js';

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

function expectEqual(is: number, should: number, what: string): void {
  if (is !== should) throw new Error(`${what}: ${is} instead of ${should}`);
}

/** Checks everything that must be so after each step. */
export function checkShop(shop: Shop): void {
  for (const stock of shop.stocks.values()) {
    checkPlaces(stock);
    checkHeld(shop, stock);
    checkBackordered(shop, stock);
    checkLedger(shop, stock);
  }
  for (const [address, counts] of shop.addresses) checkAddress(shop, address, counts);
  for (const reservation of shop.reservations.values()) checkOrder(shop, reservation);
  checkEvents(shop);
}

/** Invariant 1, on any clock: 0 <= guestHeld <= held <= onHand at every location. */
function checkPlaces(stock: Stock): void {
  for (const { location, onHand, held } of stock.places) {
    const everHeld = total(held, new Date(0));
    if (everHeld > onHand || onHand <= 0) throw new Error(`${everHeld} of ${onHand} held at ${location}`);
    if (Object.values(held).some((quantity) => quantity <= 0)) throw new Error('an empty count was kept');
  }
  const heldIn = (minute: number) => sum(stock.places.map(({ held }) => held[minute] ?? 0));
  for (const [minute, pieces] of Object.entries(stock.guestHeld))
    if (pieces <= 0 || pieces > heldIn(Number(minute))) throw new Error('guests hold more than is held');
}

/** What is held at each location is what carts and orders hold there. */
function checkHeld(shop: Shop, stock: Stock): void {
  const carts = [...shop.holds.values()].flatMap(({ lines }) => lines);
  const orders = [...shop.reservations.values()].filter(({ state }) => state === 'held');
  const all = [...carts, ...orders.flatMap(({ lines, minute }) => lines.map((line) => ({ ...line, minute })))];
  const own = all.filter(({ sku, minute }) => sku === stock.sku && !hasLapsed(minute, shop.now));
  for (const location of PLACES) {
    const should = sum(own.map(({ from }) => piecesOf(from.filter((each) => each.location === location))));
    const place = stock.places.find((each) => each.location === location);
    expectEqual(total(place?.held ?? {}, shop.now), should, `${stock.sku} held at ${location}`);
  }
  const guests = carts.filter((line) => line.sku === stock.sku && line.guestAddress !== undefined && !hasLapsed(line.minute, shop.now));
  expectEqual(guestHeld(stock, shop.now), sum(guests.map(({ from }) => piecesOf(from))), 'held by guests');
}

/** What is backordered is what orders wait for, and nobody else gets it. */
function checkBackordered(shop: Shop, stock: Stock): void {
  const waiting = [...shop.reservations.values()].filter(
    ({ state, minute }) => state === 'committed' || (state === 'held' && !hasLapsed(minute, shop.now)),
  );
  const lines = waiting.flatMap(({ lines }) => lines).filter(({ sku }) => sku === stock.sku);
  expectEqual(backordered(stock, shop.now), sum(lines.map(({ waiting }) => waiting)), `${stock.sku} backordered`);
  const free = onHand(stock) - held(stock, shop.now) - backordered(stock, shop.now);
  expectEqual(available(stock, shop.now), Math.max(0, free), 'available');
  if (stock.served > stock.tickets) throw new Error('the queue was served too far');
}

/** Invariant 2: what is on hand is what staff have moved, less what was sold, plus what was returned. */
function checkLedger(shop: Shop, stock: Stock): void {
  const ledger = shop.ledger.filter(({ sku }) => sku === stock.sku);
  if (ledger.some(({ seq }, i) => seq !== i + 1)) throw new Error('the ledger has a gap');
  expectEqual(sum(ledger.map(({ quantity }) => quantity)), onHand(stock), 'the ledger');
  expectEqual(ledger.at(-1)?.balance ?? 0, onHand(stock), 'the last balance');
  for (const location of PLACES) {
    let before = 0;
    for (const movement of ledger.filter((each) => each.location === location)) {
      expectEqual(movement.before, before, `before movement ${movement.seq}`);
      expectEqual(movement.after, before + movement.quantity, `after movement ${movement.seq}`);
      before = movement.after;
    }
    expectEqual(stock.places.find((place) => place.location === location)?.onHand ?? 0, before, `on hand at ${location}`);
  }
  const sold = sum(
    [...shop.reservations.values()].flatMap(({ lines }) => lines).map(({ sku, sold }) => (sku === stock.sku ? piecesOf(sold) : 0)),
  );
  expectEqual(onHand(stock), (shop.moved.get(stock.sku) ?? 0) - sold, 'the simple sum');
}

/**
 * What guests hold is counted at their addresses. What an order has used up counts there until it
 * would have lapsed.
 */
function checkAddress(shop: Shop, address: string, counts: Counts): void {
  const lines = [...shop.holds.values()].flatMap((holds) => holds.lines);
  const holding = lines.filter((line) => line.guestAddress === address && !hasLapsed(line.minute, shop.now));
  const pieces = sum(holding.map(({ from }) => piecesOf(from)));
  if (total(counts, shop.now) < pieces) throw new Error(`${total(counts, shop.now)} counted at ${address}, but its guests hold ${pieces}`);
}

/** What an order has bought is what the ledger has under its id, and no line has more than was ordered. */
function checkOrder(shop: Shop, { reference, lines, state }: Reservation): void {
  for (const { sku, quantity, from, waiting, sold } of lines) {
    const entries = shop.ledger.filter((each) => each.reference === reference && each.sku === sku);
    expectEqual(piecesOf(sold), -sum(entries.map(({ quantity }) => quantity)), `${sku} sold to ${reference}`);
    const has = piecesOf(from) + waiting + piecesOf(sold);
    if (has > Math.max(quantity, piecesOf(sold))) throw new Error(`${reference} has more than it ordered`);
    const released = shop.released.get(`${reference} ${sku}`) ?? 0;
    if (state === 'committed' && has < quantity - released) throw new Error(`${reference} has lost ${sku}`);
    if ((state === 'released' || state === 'returned') && has > 0) throw new Error(`${reference} is ${state} and has something`);
  }
}

/** The events of a subject never go back. */
function checkEvents({ events }: Shop): void {
  const last = new Map<string, number>();
  for (const { type, subject, sequence } of events) {
    const key = `${type} ${subject}`;
    if (sequence < (last.get(key) ?? 0)) throw new Error(`${key} went back to ${sequence}`);
    last.set(key, sequence);
  }
}

/** After the queue was served: while a paid order is the first that waits, nothing lies unheld. */
export function checkServed(shop: Shop, stock: Stock, now: Date): void {
  const queue = (shop.queues.get(stock.sku) ?? []).map((reference, i) => ({
    ticket: i + 1,
    reservation: shop.reservations.get(reference),
  }));
  const first = queue.find(({ ticket, reservation }) => {
    const line = reservation?.lines.find((each) => each.sku === stock.sku && each.ticket === ticket);
    const isAlive = reservation?.state === 'committed' || (reservation?.state === 'held' && !hasLapsed(reservation.minute, now));
    return isAlive && line !== undefined && line.waiting > 0;
  });
  if (first?.reservation?.state === 'committed' && piecesOf(unheld(stock, now)) > 0)
    throw new Error(`${first.reservation.reference} waits for ${stock.sku} though there is some`);
}

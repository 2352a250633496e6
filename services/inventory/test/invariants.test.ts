import { test } from '@jest/globals';
import { DomainError } from '@sidecart/chassis/errors';
import fc from 'fast-check';
import { holdWithin } from '../src/guests.js';
import { NO_HOLDS, type Holds } from '../src/holds.js';
import { hasLapsed, minuteOf, total, type Counts } from '../src/minutes.js';
import { cancel, commit, mergedBySku, reserve, type Decision, type Facts, type Reservation } from '../src/reservation.js';
import { adjust, guestHeld, held, newStock, type Moved, type Movement, type Stock } from '../src/stock.js';
import { after, NOON } from './builders.js';

const SKUS = ['CUP', 'HAT', 'TEA'];
/** The carts, with the address of each that is a guest's. */
const CARTS: Record<string, string | undefined> = { ann: undefined, bob: undefined, gil: 'home', hal: 'home', ida: 'work' };
const LIMITS = { percent: 50, pieces: 6 };
const ORDERS = ['o1', 'o2', 'o3'];
const REFUSALS = ['out-of-stock', 'order-cancelled', 'guest-stock-limit', 'guest-hold-limit'];

/** A shop whose documents are maps. `now` is the latest time of any of its clocks. */
interface Shop {
  stocks: Map<string, Stock>;
  holds: Map<string, Holds>;
  addresses: Map<string, Counts>;
  reservations: Map<string, Reservation>;
  ledger: Movement[];
  now: Date;
}

type Step = (shop: Shop, now: Date) => void;

function keep(shop: Shop, cart: string, decision: Decision | undefined): void {
  if (!decision) return;
  for (const [sku, stock] of decision.stocks) shop.stocks.set(sku, stock);
  if (decision.holds) shop.holds.set(cart, decision.holds);
  shop.reservations.set(decision.reservation.reference, decision.reservation);
  shop.ledger.push(...decision.movements);
}

function keepMoved(shop: Shop, { stock, movement }: Moved): void {
  shop.stocks.set(stock.sku, stock);
  shop.ledger.push(movement);
}

function factsOf(shop: Shop, reference: string, cart: string, now: Date): Facts {
  return { stocks: shop.stocks, reservation: shop.reservations.get(reference), holds: shop.holds.get(cart) ?? NO_HOLDS, now };
}

const sku = fc.constantFrom(...SKUS);
const cart = fc.constantFrom(...Object.keys(CARTS));
const seconds = fc.integer({ min: 1, max: 600 });
const lines = fc.array(fc.record({ sku, quantity: fc.integer({ min: 1, max: 6 }) }), { minLength: 1, maxLength: 4 });
const order = fc.record({ reference: fc.constantFrom(...ORDERS), lines: lines.map(mergedBySku) });

const ends = (now: Date, seconds: number) => after(seconds, now).toISOString();

const holding = fc
  .record({ cart, sku, quantity: fc.integer({ min: 0, max: 8 }), seconds, elsewhere: fc.boolean() })
  .map(({ cart, seconds, elsewhere, ...rest }): Step => (shop, now) => {
    const guestAddress = CARTS[cart] && elsewhere ? 'cafe' : CARTS[cart];
    const line = { ...rest, minute: minuteOf(ends(now, seconds), now), ...(guestAddress === undefined ? {} : { guestAddress }) };
    const holds = shop.holds.get(cart) ?? NO_HOLDS;
    const stock = shop.stocks.get(line.sku);
    const had = holds.lines.find((each) => each.sku === line.sku)?.quantity ?? 0;
    const after = holdWithin(LIMITS, { holds, stock, countsOf: (address) => shop.addresses.get(address) ?? {} }, line, now);
    shop.holds.set(cart, after.holds);
    if (after.stock) shop.stocks.set(after.stock.sku, after.stock);
    for (const [address, counts] of after.addresses) shop.addresses.set(address, counts);
    if (guestAddress !== undefined && after.stock && line.quantity > had) checkRaise(shop, after.stock, guestAddress, now);
  });

/** Checks the limits after a guest has got more. */
function checkRaise({ addresses }: Shop, stock: Stock, address: string, now: Date): void {
  const share = Math.max(1, Math.floor(stock.onHand / 2));
  if (guestHeld(stock, now) > share) throw new Error(`guests hold ${guestHeld(stock, now)} of ${stock.onHand}`);
  const pieces = total(addresses.get(address) ?? {}, now);
  if (pieces > LIMITS.pieces) throw new Error(`${address} holds ${pieces}`);
}
const reserving = fc.record({ cart, order, seconds }).map(
  ({ cart, order, seconds }): Step =>
    (shop, now) =>
      keep(shop, cart, reserve(factsOf(shop, order.reference, cart, now), order, ends(now, seconds))),
);
/** A repeated checkout: the same lines, for longer or not. */
const repeating = fc
  .record({ cart, reference: fc.constantFrom(...ORDERS), seconds })
  .map(({ cart, reference, seconds }): Step => (shop, now) => {
    const before = shop.reservations.get(reference);
    if (!before) return;
    keep(shop, cart, reserve(factsOf(shop, reference, cart, now), { reference, lines: before.lines }, ends(now, seconds)));
    const after = shop.reservations.get(reference);
    if (after && after.minute < before.minute) throw new Error(`${reference} was shortened`);
  });
const paying = order.map(
  (order): Step =>
    (shop, now) =>
      keep(shop, '', commit(factsOf(shop, order.reference, '', now), order)),
);
const cancelling = order.map(
  (order): Step =>
    (shop, now) =>
      keep(shop, '', cancel(factsOf(shop, order.reference, '', now), order)),
);
const counting = fc
  .record({ sku, type: fc.constantFrom('in' as const, 'out' as const), quantity: fc.integer({ min: 1, max: 12 }) })
  .map(({ sku, ...rest }): Step => (shop, now) => {
    const stock = shop.stocks.get(sku);
    if (stock) keepMoved(shop, adjust(stock, { ...rest, reason: 'counted', by: 'eve' }, now));
  });
const step = fc.oneof(holding, reserving, repeating, paying, cancelling, counting);

/** A step some time after the one before, by a clock that may be slow. */
const timed = fc.record({ step, passes: fc.integer({ min: 0, max: 240 }), behind: fc.constantFrom(0, 0, 0, 1, 45, 150) });

function checkStock(shop: Shop, stock: Stock): void {
  const everHeld = held(stock, new Date(0));
  if (everHeld < 0 || everHeld > stock.onHand) throw new Error(`${everHeld} held of ${stock.onHand}`);
  if (Object.values(stock.held).some((quantity) => quantity <= 0)) throw new Error('an empty count was kept');

  const holding = [...shop.holds.values()].flatMap(({ lines }) => lines);
  const reserved = [...shop.reservations.values()].filter(({ state }) => state === 'held');
  const all = [...holding, ...reserved.flatMap(({ lines, minute }) => lines.map((line) => ({ ...line, minute })))];
  const unlapsed = all.filter(({ sku, minute }) => sku === stock.sku && !hasLapsed(minute, shop.now));
  const sum = unlapsed.reduce((total, { quantity }) => total + quantity, 0);
  if (held(stock, shop.now) !== sum) throw new Error(`${held(stock, shop.now)} held, but carts and orders have ${sum}`);

  const guests = holding.filter((line) => line.sku === stock.sku && line.guestAddress !== undefined && !hasLapsed(line.minute, shop.now));
  if (guestHeld(stock, shop.now) !== guests.reduce((sum, { quantity }) => sum + quantity, 0)) throw new Error('guests are miscounted');
  for (const [minute, pieces] of Object.entries(stock.guestHeld ?? {}))
    if (pieces <= 0 || pieces > (stock.held[Number(minute)] ?? 0)) throw new Error('guests hold more than is held');

  const ledger = shop.ledger.filter(({ sku }) => sku === stock.sku);
  if (ledger.some(({ seq }, i) => seq !== i + 1)) throw new Error('the ledger has a gap');
  const total = ledger.reduce((onHand, { quantity }) => onHand + quantity, 0);
  if (total !== stock.onHand || (ledger.at(-1)?.balance ?? 0) !== stock.onHand) throw new Error('the ledger does not add up');
}

/**
 * What guests hold is counted at their addresses. What an order has used up counts there until it
 * would have lapsed.
 */
function checkAddress(shop: Shop, address: string, counts: Counts): void {
  const lines = [...shop.holds.values()].flatMap((holds) => holds.lines);
  const holding = lines.filter((line) => line.guestAddress === address && !hasLapsed(line.minute, shop.now));
  const sum = holding.reduce((pieces, { quantity }) => pieces + quantity, 0);
  if (total(counts, shop.now) < sum) throw new Error(`${total(counts, shop.now)} counted at ${address}, but its guests hold ${sum}`);
}

function checkOrder(shop: Shop, { reference, lines, state }: Reservation): void {
  const sold = { held: 0, released: 0, short: 0, committed: 1, returned: 1 }[state];
  const returned = state === 'returned' ? 1 : 0;
  const count = (type: string) => shop.ledger.filter((each) => each.reference === reference && each.type === type).length;
  if (count('sale') !== sold * lines.length || count('return') !== returned * lines.length)
    throw new Error(`${reference} is ${state}, but was sold ${count('sale')} times and returned ${count('return')} times`);
}

test('0 <= guestHeld <= held <= onHand, held is what carts and orders hold, and the ledger adds up, whatever carts, guests, orders, staff and clocks do', () => {
  fc.assert(
    fc.property(fc.array(timed, { maxLength: 60 }), (steps) => {
      const stocks = new Map(SKUS.map((sku) => [sku, newStock(sku, `p-${sku}`, 5)]));
      const shop: Shop = { stocks, holds: new Map(), addresses: new Map(), reservations: new Map(), ledger: [], now: NOON };
      for (const stock of stocks.values()) keepMoved(shop, adjust(stock, { type: 'in', quantity: 9, reason: 'first', by: 'eve' }, NOON));
      for (const { step, passes, behind } of steps) {
        shop.now = after(passes, shop.now);
        try {
          step(shop, after(-behind, shop.now));
        } catch (error) {
          if (!(error instanceof DomainError && REFUSALS.includes(error.slug))) throw error;
        }
        for (const stock of shop.stocks.values()) checkStock(shop, stock);
        for (const [address, counts] of shop.addresses) checkAddress(shop, address, counts);
        for (const reservation of shop.reservations.values()) checkOrder(shop, reservation);
      }
    }),
    { numRuns: 500 },
  );
});

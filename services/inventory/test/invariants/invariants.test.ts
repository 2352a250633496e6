import { test } from '@jest/globals';
import { DomainError } from '@sidecart/chassis/errors';
import fc from 'fast-check';
import { unlapsed, NO_HOLDS } from '../../src/holds/holds.js';
import { setHold } from '../../src/holds/set-hold.js';
import { commit, commitPart } from '../../src/reservations/commit.js';
import { cancel, lapse, releasePart } from '../../src/reservations/release.js';
import { hasPieces, mergedBySku, sameLines } from '../../src/reservations/reservation.js';
import { reserve } from '../../src/reservations/reserve.js';
import { minuteOf, total } from '../../src/stock/minutes.js';
import type { Work } from '../../src/stock/movement.js';
import { learn } from '../../src/stock/record.js';
import { guestHeld, onHand } from '../../src/stock/stock.js';
import { after, aProduct } from '../builders.js';
import { checkServed, checkShop } from './checks.js';
import { beginAnew, factsOf, fillQueue, keep, keepReported, openShop, PLACES, SKUS, staffWork, type Shop } from './shop.js';

/** The carts, with the address of each that is a guest's. */
const CARTS: Record<string, string | undefined> = { ann: undefined, bob: undefined, gil: 'home', hal: 'home', ida: 'work' };
const LIMITS = { percent: 50, pieces: 6 };
const ORDERS = ['o1', 'o2', 'o3', 'o4', 'o5', 'o6'];
const REFUSALS = [
  'out-of-stock',
  'order-cancelled',
  'guest-stock-limit',
  'guest-hold-limit',
  'count-below-held',
  'not-reserved',
  'not-found',
  'request-reused',
];

type Step = (shop: Shop, now: Date) => void;

const sku = fc.constantFrom(...SKUS);
const cart = fc.constantFrom(...Object.keys(CARTS));
const place = fc.constantFrom(...PLACES);
const reference = fc.constantFrom(...ORDERS);
const seconds = fc.integer({ min: 1, max: 600 });
const few = fc.integer({ min: 1, max: 6 });
const lines = fc.array(fc.record({ sku, quantity: few }), { minLength: 1, maxLength: 4 }).map(mergedBySku);
const order = fc.record({ reference, lines });
const country = fc.constantFrom(null, 'AT', 'SI');

const ends = (now: Date, seconds: number) => after(seconds, now).toISOString();

const holding = fc
  .record({ cart, sku, quantity: fc.integer({ min: 0, max: 8 }), seconds, elsewhere: fc.boolean() })
  .map(({ cart, sku, quantity, seconds, elsewhere }): Step => (shop, now) => {
    const guestAddress = CARTS[cart] && elsewhere ? 'cafe' : CARTS[cart];
    const wish = {
      cartId: cart,
      sku,
      quantity,
      minute: minuteOf(ends(now, seconds), now),
      ...(guestAddress === undefined ? {} : { guestAddress }),
    };
    const holds = shop.holds.get(cart) ?? NO_HOLDS;
    const stock = shop.stocks.get(sku);
    const guestsHeld = stock ? guestHeld(stock, now) : 0;
    const done = setHold(LIMITS, { holds, stock, countsOf: (address) => shop.addresses.get(address) ?? {} }, wish, now);
    shop.holds.set(cart, done.holds);
    shop.events.push(...done.events);
    if (done.stock) shop.stocks.set(sku, done.stock);
    for (const [address, counts] of done.addresses) shop.addresses.set(address, counts);
    if (guestAddress === undefined || !done.stock || guestHeld(done.stock, now) <= guestsHeld) return;
    const share = Math.max(1, Math.floor(onHand(done.stock) / 2));
    if (guestHeld(done.stock, now) > share) throw new Error(`guests hold more than ${share} of ${onHand(done.stock)}`);
    const pieces = total(shop.addresses.get(guestAddress) ?? {}, now);
    if (pieces > LIMITS.pieces) throw new Error(`${guestAddress} holds ${pieces}`);
  });

const reserving = fc.record({ cart, order, seconds, country }).map(({ cart, order, seconds, country }): Step => (shop, now) => {
  const request = { ...order, cartId: cart, country, until: ends(now, seconds) };
  const before = shop.reservations.get(order.reference);
  const decision = reserve(factsOf(shop, order.reference, cart, now), request);
  keep(shop, cart, decision);
  if (decision && !(before && hasPieces(before) && sameLines(before, order))) beginAnew(shop, order.reference);
});

/** A repeated checkout: the same lines, for longer or not. */
const repeating = fc.record({ cart, reference, seconds }).map(({ cart, reference, seconds }): Step => (shop, now) => {
  const before = shop.reservations.get(reference);
  if (!before) return;
  const lines = before.lines.map(({ sku, quantity }) => ({ sku, quantity }));
  const decision = reserve(factsOf(shop, reference, cart, now), {
    reference,
    lines,
    cartId: cart,
    country: null,
    until: ends(now, seconds),
  });
  keep(shop, cart, decision);
  if (decision && !hasPieces(before)) beginAnew(shop, reference);
  const after = shop.reservations.get(reference);
  if (after && after.minute < before.minute) throw new Error(`${reference} was shortened`);
});

/** What becomes of an order: mostly of the lines that it has reserved, seldom of others. */
const deciding = fc
  .record({ order, same: fc.constantFrom(true, true, true, false), decide: fc.constantFrom(commit, cancel) })
  .map(({ order, same, decide }): Step => (shop, now) => {
    const before = shop.reservations.get(order.reference);
    const lines = same && before ? before.lines.map(({ sku, quantity }) => ({ sku, quantity })) : order.lines;
    const demand = { reference: order.reference, lines };
    const decision = decide(factsOf(shop, order.reference, '', now), demand);
    keep(shop, '', decision);
    if (decision && before && !sameLines(before, demand)) beginAnew(shop, order.reference);
  });

const parting = fc
  .record({ order, requestId: fc.constantFrom('r1', 'r2', 'r3', 'r4', 'r5', 'r6'), decide: fc.constantFrom(commitPart, releasePart) })
  .map(({ order, requestId, decide }): Step => (shop, now) => {
    const decision = decide(factsOf(shop, order.reference, '', now), { ...order, requestId });
    keep(shop, '', decision);
    for (const { sku, quantity } of decision && decide === releasePart ? order.lines : [])
      shop.released.set(`${order.reference} ${sku}`, (shop.released.get(`${order.reference} ${sku}`) ?? 0) + quantity);
    const again = decide(factsOf(shop, order.reference, '', now), { ...order, requestId });
    if (again) throw new Error('a repeated request changed something');
  });

const lapsing = fc.record({ cart, reference }).map(({ cart, reference }): Step => (shop, now) => {
  keep(shop, '', lapse(factsOf(shop, reference, '', now)));
  shop.holds.set(cart, unlapsed(shop.holds.get(cart) ?? NO_HOLDS, now));
});

const asked: fc.Arbitrary<Work> = fc.oneof(
  fc.record({ type: fc.constantFrom('receive' as const, 'ship' as const), location: place, quantity: few }),
  fc.record({ type: fc.constant('adjust' as const), location: place, change: fc.integer({ min: -4, max: 4 }).filter((n) => n !== 0) }),
  fc.record({ type: fc.constant('transfer' as const), from: place, to: place, quantity: few }).filter(({ from, to }) => from !== to),
  fc.record({ type: fc.constant('count' as const), location: place, counted: fc.integer({ min: 0, max: 12 }) }),
);
const working = fc.record({ sku, asked }).map(
  ({ sku, asked }): Step =>
    (shop, now) =>
      staffWork(shop, sku, asked, now),
);

const setting = fc.record({ sku, limit: fc.constantFrom(null, 2, 5, 12) }).map(({ sku, limit }): Step => (shop) => {
  const stock = shop.stocks.get(sku);
  const backorder = limit === null ? null : { kind: 'backorder' as const, limit };
  if (stock) keepReported(shop, learn(stock, aProduct({ backorder, sequence: stock.product.sequence + 1 })));
});

const filling = sku.map((sku): Step => (shop, now) => {
  fillQueue(shop, sku, now);
  const stock = shop.stocks.get(sku);
  if (stock) checkServed(shop, stock, now);
});

const step = fc.oneof(
  { weight: 3, arbitrary: holding },
  { weight: 4, arbitrary: reserving },
  { weight: 1, arbitrary: repeating },
  { weight: 4, arbitrary: deciding },
  { weight: 2, arbitrary: parting },
  { weight: 1, arbitrary: lapsing },
  { weight: 3, arbitrary: working },
  { weight: 1, arbitrary: setting },
  { weight: 3, arbitrary: filling },
);

/** A step some time after the one before, in one of the processes. */
const timed = fc.record({ step, passes: fc.integer({ min: 0, max: 240 }), process: fc.nat({ max: 2 }) });
/** By how many seconds the clocks of the processes are behind the fastest one. */
const skews = fc.tuple(fc.constant(0), fc.constantFrom(0, 1, 45), fc.constantFrom(1, 45, 150));

test('0 <= held <= onHand at every location, held is what carts and orders hold, waiting orders are first, and the ledger adds up, whatever carts, guests, orders, staff and clocks do', () => {
  fc.assert(
    fc.property(fc.array(timed, { minLength: 30, maxLength: 60 }), skews, (steps, skews) => {
      const shop = openShop();
      for (const { step, passes, process } of steps) {
        shop.now = after(passes, shop.now);
        try {
          step(shop, after(-(skews[process] ?? 0), shop.now));
        } catch (error) {
          if (!(error instanceof DomainError && REFUSALS.includes(error.slug))) throw error;
        }
        checkShop(shop);
      }
    }),
    { numRuns: 200 },
  );
});

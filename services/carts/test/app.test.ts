import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { found } from '@sidecart/chassis/errors';
import { CustomerCart } from '@sidecart/contracts/carts';
import { UserDeleted, UserSignedIn } from '@sidecart/contracts/identity';
import { OrderPlaced, type OrderSnapshot } from '@sidecart/contracts/orders';
import { until } from '@sidecart/runner/until';
import { startApp, type Ask, type TestApp } from '@sidecart/testing/app';
import { aLine, anOrder, aQuote, euros } from '@sidecart/testing/builders';
import { aUser } from '@sidecart/testing/tokens';
import { createApp } from '../src/app.js';
import { Settings } from '../src/config.js';
import { createHold } from '../src/hold.js';
import { merge as mergeCarts } from '../src/merge.js';
import { customer, guest } from '../src/owner.js';
import { openCarts } from '../src/store.js';
import { createUpdate } from '../src/update.js';
import { createNeighbours } from './neighbours.js';

let shop: ReturnType<typeof createNeighbours>;
let app: TestApp;
let userId: string;
let cartId: string;
let ann: Ask;
let session: string;
let asGuest: Ask;

function start(environment: Record<string, string>): Promise<TestApp> {
  return startApp('carts', Settings.parse(environment), (deps) =>
    createApp({
      ...deps,
      quote: (input) => shop.quote(input),
      hold: (input) => shop.hold(input),
      stock: (input) => shop.stock(input),
    }),
  );
}

beforeAll(async () => {
  app = await start({});
}, 60_000);

afterAll(() => app?.close());

beforeEach(() => {
  shop = createNeighbours();
  userId = randomUUID();
  cartId = customer(userId).cartId;
  ann = { as: aUser({ id: userId }) };
  session = randomUUID();
  asGuest = { headers: { 'x-cart-session-id': session } };
});

const add = (ask: Ask, sku: string, quantity: number) => app.request('POST', '/api/cart/items', { sku, quantity }, ask);
const put = (ask: Ask, sku: string, quantity: number) => app.request('PUT', `/api/cart/items/${sku}`, { quantity }, ask);
const drop = (ask: Ask, path = '') => app.request('DELETE', `/api/cart${path}`, undefined, ask);
const get = async (ask: Ask) => (await app.request('GET', '/api/cart', undefined, ask)).body;
const merge = () => app.request('POST', '/api/cart/merge', {}, { ...ann, ...asGuest });
const contents = async (ask: Ask): Promise<[string, number][]> =>
  (await get(ask)).items.map((item: { sku: string; quantity: number }) => [item.sku, item.quantity]);
const problem = (status: number, slug: string, more: object = {}) => ({
  status,
  body: { type: expect.stringMatching(new RegExp(`/${slug}$`)), ...more },
});

async function published(type: string, subject: string, count = 1) {
  const events = () => app.published.filter((event) => event.type === type && event.subject === subject);
  await until(`${count} ${type}`, 5, async () => events().length >= count);
  return events();
}

describe('a cart', () => {
  test('is empty at first', async () => {
    expect(await get(ann)).toEqual({ items: [], subtotal: euros(0), count: 0, checkoutId: expect.any(String), unavailable: [] });
  });

  test('shows its items at the prices of now, with totals that add up', async () => {
    await add(ann, 'mug', 2);
    const { status, body } = await add(ann, 'tea', 3);
    expect(status).toBe(200);
    expect(body).toEqual({
      items: [
        { sku: 'mug', productId: 'p-mug', name: 'The mug', image: null, quantity: 2, unitPrice: euros(1000), total: euros(2000) },
        { sku: 'tea', productId: 'p-tea', name: 'The tea', image: null, quantity: 3, unitPrice: euros(1000), total: euros(3000) },
      ],
      subtotal: euros(5000),
      count: 5,
      checkoutId: expect.any(String),
      unavailable: [],
    });
    shop.products.set('mug', aQuote('mug', { price: euros(1250) }));
    expect(await get(ann)).toMatchObject({ subtotal: euros(5500), checkoutId: body.checkoutId });
  });

  test('adds to what it has, and holds all of it', async () => {
    await add(ann, 'mug', 2);
    await add(ann, 'mug', 3);
    expect(await contents(ann)).toEqual([['mug', 5]]);
    expect(shop.heldBy(cartId, 'mug')).toBe(5);
  });

  test('keeps two SKUs of one product as two lines, and holds each', async () => {
    shop.products.set('mug-xl', aQuote('mug-xl', { productId: 'p-mug', price: euros(1500) }));
    await add(ann, 'mug', 2);
    expect((await add(ann, 'mug-xl', 1)).body).toMatchObject({
      items: [
        { sku: 'mug', productId: 'p-mug', quantity: 2 },
        { sku: 'mug-xl', productId: 'p-mug', quantity: 1 },
      ],
      subtotal: euros(3500),
    });
    expect([shop.heldBy(cartId, 'mug'), shop.heldBy(cartId, 'mug-xl')]).toEqual([2, 1]);
    expect((await put(ann, 'mug-xl', 0)).body.items).toMatchObject([{ sku: 'mug', quantity: 2 }]);
  });

  test.each([
    ['more', 7],
    ['less', 1],
    ['none', 0],
  ])('has %s once that is set, and holds that', async (_name, quantity) => {
    await add(ann, 'mug', 3);
    const { body } = await put(ann, 'mug', quantity);
    expect(body.count).toBe(quantity);
    expect(await contents(ann)).toEqual(quantity === 0 ? [] : [['mug', quantity]]);
    expect(shop.heldBy(cartId, 'mug')).toBe(quantity);
  });

  test('gives back what is removed, and keeps the rest', async () => {
    await add(ann, 'mug', 1);
    await add(ann, 'tea', 2);
    expect((await drop(ann, '/items/mug')).body.count).toBe(2);
    expect(await contents(ann)).toEqual([['tea', 2]]);
    expect([shop.heldBy(cartId, 'mug'), shop.heldBy(cartId, 'tea')]).toEqual([0, 2]);
  });

  test('gives everything back when it is cleared, and gets a new checkout id', async () => {
    await add(ann, 'mug', 1);
    const { checkoutId } = (await add(ann, 'tea', 2)).body;
    expect((await drop(ann)).body).toMatchObject({ items: [], count: 0 });
    expect([shop.heldBy(cartId, 'mug'), shop.heldBy(cartId, 'tea')]).toEqual([0, 0]);
    expect((await add(ann, 'mug', 1)).body.checkoutId).not.toBe(checkoutId);
  });

  test('may be asked to remove what it does not have', async () => {
    await add(ann, 'mug', 1);
    const holds = shop.asked.holds;
    expect((await drop(ann, '/items/tea')).status).toBe(200);
    expect((await put(ann, 'tea', 0)).status).toBe(200);
    expect(shop.asked.holds).toBe(holds);
    expect(await contents(ann)).toEqual([['mug', 1]]);
  });

  test('does not count a product that is not for sale any more, and lists it; it can be removed', async () => {
    await add(ann, 'mug', 1);
    await add(ann, 'tea', 2);
    shop.products.delete('tea');
    expect(await get(ann)).toMatchObject({
      items: [{ sku: 'mug' }],
      subtotal: euros(1000),
      count: 1,
      unavailable: [{ sku: 'tea', productId: 'p-tea', quantity: 2 }],
    });
    expect((await drop(ann, '/items/tea')).body.unavailable).toEqual([]);
  });

  test('refuses a product that is not for sale', async () => {
    expect(await add(ann, 'nothing', 1)).toMatchObject(problem(404, 'not-for-sale'));
    expect(await put(ann, 'nothing', 1)).toMatchObject(problem(404, 'not-for-sale'));
    expect(await contents(ann)).toEqual([]);
  });

  test('refuses more than there is, names the line, and stays what it was', async () => {
    shop.onHand.set('mug', 4);
    await add(ann, 'mug', 3);
    const lines = [{ sku: 'mug', requested: 5, available: 4 }];
    expect(await add(ann, 'mug', 2)).toMatchObject(problem(409, 'out-of-stock', { lines }));
    expect(await contents(ann)).toEqual([['mug', 3]]);
    expect(shop.heldBy(cartId, 'mug')).toBe(3);
  });

  test('refuses more than 999 pieces', async () => {
    await add(ann, 'mug', 600);
    expect(await add(ann, 'mug', 400)).toMatchObject(problem(409, 'quantity-too-large'));
    expect(shop.heldBy(cartId, 'mug')).toBe(600);
  });

  test('is as it was when inventory does not answer', async () => {
    await add(ann, 'mug', 1);
    shop.down = true;
    expect(await add(ann, 'mug', 1)).toMatchObject(problem(503, 'service-unavailable'));
    expect(await contents(ann)).toEqual([['mug', 1]]);
  });

  test('is what orders are made from', async () => {
    const { checkoutId } = (await add(ann, 'mug', 2)).body;
    const items = [{ sku: 'mug', quantity: 2 }];
    expect((await app.call(CustomerCart, { userId })).output).toEqual({ cartId, checkoutId, items });
    expect((await app.call(CustomerCart, { userId: 'nobody' })).output).toMatchObject({ cartId: 'u-nobody', items: [] });
  });

  test.each([
    ['a quantity of 0 to add', 'POST', '/api/cart/items', { sku: 'mug', quantity: 0 }, 'quantity'],
    ['1000 to add', 'POST', '/api/cart/items', { sku: 'mug', quantity: 1000 }, 'quantity'],
    ['a price', 'POST', '/api/cart/items', { sku: 'mug', quantity: 1, price: 1 }, 'price'],
    ['no SKU', 'POST', '/api/cart/items', { quantity: 1 }, 'sku'],
    ['half a piece', 'PUT', '/api/cart/items/mug', { quantity: 0.5 }, 'quantity'],
    ['less than nothing', 'PUT', '/api/cart/items/mug', { quantity: -1 }, 'quantity'],
  ])('refuses %s by field', async (_name, method, path, body, field) => {
    expect(await app.request(method, path, body, ann)).toMatchObject(
      problem(400, 'validation-failed', { errors: [expect.objectContaining({ field })] }),
    );
  });
});

describe('many changes of one cart at once', () => {
  test('20 adds of 1 piece are 20 pieces, and 20 are held', async () => {
    shop.unruly = true;
    const answers = await Promise.all(Array.from({ length: 20 }, () => add(ann, 'mug', 1)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(await contents(ann)).toEqual([['mug', 20]]);
    expect(shop.heldBy(cartId, 'mug')).toBe(20);
  });

  test('20 adds of 1 of 10 pieces are 10 pieces and 10 refusals, and 10 are held', async () => {
    shop.unruly = true;
    shop.onHand.set('mug', 10);
    const answers = await Promise.all(Array.from({ length: 20 }, () => add(ann, 'mug', 1)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(10);
    expect(await contents(ann)).toEqual([['mug', 10]]);
    expect(shop.heldBy(cartId, 'mug')).toBe(10);
  });

  test('what is refused after it was overtaken leaves held what the other has saved', async () => {
    shop.onHand.set('mug', 5);
    shop.meanwhile = () => add(ann, 'mug', 1);
    expect(await add(ann, 'mug', 5)).toMatchObject(problem(409, 'out-of-stock', { lines: [{ requested: 6, available: 5 }] }));
    expect(await contents(ann)).toEqual([['mug', 1]]);
    expect(shop.heldBy(cartId, 'mug')).toBe(1);
  });

  test('what has nothing left to do after it was overtaken leaves held what the others have saved', async () => {
    await add(asGuest, 'mug', 2);
    shop.meanwhile = async () => {
      await merge();
      await drop(ann);
    };
    expect((await merge()).body).toMatchObject({ count: 0, adjusted: [] });
    expect(await contents(ann)).toEqual([]);
    expect(shop.heldBy(cartId, 'mug')).toBe(0);
  });

  test('adds, sets, removals and a merge leave exactly held what the carts have', async () => {
    shop.unruly = true;
    shop.onHand.set('mug', 12);
    const guests = guest(session).cartId;
    const one = <T>(of: readonly T[]): T => found(of[Math.floor(Math.random() * of.length)], 'One of none');
    for (let round = 0; round < 20; round++) {
      const changes = Array.from({ length: 12 }, () => {
        const [ask, sku, quantity] = [one([ann, asGuest]), one(['mug', 'tea']), one([1, 2, 5])];
        return one([
          () => add(ask, sku, quantity),
          () => add(ask, sku, quantity),
          () => put(ask, sku, quantity),
          () => drop(ask, `/items/${sku}`),
          () => drop(ask),
          merge,
        ])();
      });
      for (const { status } of await Promise.all(changes)) expect([200, 409]).toContain(status);
      for (const [id, ask] of [
        [cartId, ann],
        [guests, asGuest],
      ] as const) {
        const has = new Map(await contents(ask));
        expect([shop.heldBy(id, 'mug'), shop.heldBy(id, 'tea')]).toEqual([has.get('mug') ?? 0, has.get('tea') ?? 0]);
      }
    }
  }, 60_000);
});

describe('a guest', () => {
  test('gets a session in the answer, and finds the cart by it', async () => {
    const { headers } = await add({}, 'mug', 2);
    const given = headers.get('x-cart-session-id') ?? '';
    expect(given).toMatch(/^[\w-]{16,64}$/);
    expect(await contents({ headers: { 'x-cart-session-id': given } })).toEqual([['mug', 2]]);
    expect(await contents({})).toEqual([]);
  });

  test('keeps the session that was sent', async () => {
    await add(asGuest, 'mug', 2);
    expect(await contents(asGuest)).toEqual([['mug', 2]]);
    expect((await add(asGuest, 'mug', 1)).headers.get('x-cart-session-id')).toBe(session);
  });

  test("does not reach a customer's cart by its id", async () => {
    await add(ann, 'mug', 2);
    expect(await contents({ headers: { 'x-cart-session-id': cartId } })).toEqual([]);
    expect(await contents({ headers: { 'x-cart-session-id': userId } })).toEqual([]);
  });

  test('who is signed in has the cart of the customer', async () => {
    await add(asGuest, 'mug', 1);
    await add({ ...ann, ...asGuest }, 'tea', 1);
    expect(await contents(ann)).toEqual([['tea', 1]]);
    expect(await contents(asGuest)).toEqual([['mug', 1]]);
  });

  test.each([['short'], ['s'.repeat(65)], ['sixteen letters and a blank']])('is refused with the session %s', async (bad) => {
    const answer = await app.request('GET', '/api/cart', undefined, { headers: { 'x-cart-session-id': bad } });
    expect(answer).toMatchObject(problem(400, 'validation-failed', { errors: [expect.objectContaining({ field: 'x-cart-session-id' })] }));
  });
});

describe('what guests hold', () => {
  const { guestAddress } = guest('', '127.0.0.1');

  test('is asked for with a hash of their address, and what customers hold is not', async () => {
    await add(asGuest, 'mug', 2);
    await put(asGuest, 'mug', 1);
    await drop(asGuest, '/items/mug');
    await add(ann, 'mug', 2);
    const guests = { cartId: guest(session).cartId, sku: 'mug', guestAddress };
    expect(shop.holds).toEqual([
      { ...guests, quantity: 2 },
      { ...guests, quantity: 1 },
      { ...guests, quantity: 0 },
      { cartId, sku: 'mug', quantity: 2 },
    ]);
  });

  test.each([
    ['conflict', 'guest-stock-limit', 409],
    ['limited', 'guest-hold-limit', 429],
  ] as const)('is limited: inventory’s %s %s comes through as %d, and the cart stays what it was', async (kind, slug, status) => {
    shop.guestLimit = { kind, slug, pieces: 3 };
    await add(asGuest, 'mug', 2);
    const lines = [{ sku: 'mug', requested: 4, available: 3 }];
    const refused = await add(asGuest, 'mug', 2);
    expect(refused).toMatchObject(problem(status, slug, { detail: 'Sign in.', lines }));
    expect(refused.headers.get('retry-after')).toBe('60');
    expect(await contents(asGuest)).toEqual([['mug', 2]]);
    expect(shop.heldBy(guest(session).cartId, 'mug')).toBe(2);
  });

  test('matches the cart after a refusal that was overtaken', async () => {
    shop.guestLimit = { kind: 'limited', slug: 'guest-hold-limit', pieces: 3 };
    shop.meanwhile = () => add(asGuest, 'mug', 1);
    expect(await add(asGuest, 'mug', 3)).toMatchObject(problem(429, 'guest-hold-limit'));
    expect(await contents(asGuest)).toEqual([['mug', 1]]);
    expect(shop.heldBy(guest(session).cartId, 'mug')).toBe(1);
    expect(shop.holds.every((hold) => hold.guestAddress === guestAddress)).toBe(true);
  });

  test('is the customer’s after the merge, without a limit', async () => {
    shop.guestLimit = { kind: 'conflict', slug: 'guest-stock-limit', pieces: 2 };
    await add(asGuest, 'mug', 2);
    await add(ann, 'mug', 5);
    expect((await merge()).body).toMatchObject({ count: 7, adjusted: [] });
    expect(shop.heldBy(cartId, 'mug')).toBe(7);
    expect((await add({ headers: { 'x-cart-session-id': randomUUID() } }, 'mug', 2)).status).toBe(200);
  });
});

describe('a merge', () => {
  test("adds the guest's items to the customer's and moves what is held", async () => {
    await add(ann, 'mug', 1);
    await add(asGuest, 'mug', 2);
    await add(asGuest, 'tea', 3);
    const { status, body } = await merge();
    expect(status).toBe(200);
    expect(body).toMatchObject({ count: 6, subtotal: euros(6000), adjusted: [] });
    expect(await contents(ann)).toEqual([
      ['mug', 3],
      ['tea', 3],
    ]);
    expect(await contents(asGuest)).toEqual([]);
    const guestCartId = guest(session).cartId;
    expect([shop.heldBy(cartId, 'mug'), shop.heldBy(guestCartId, 'mug')]).toEqual([3, 0]);
    const [event] = await published('cart.merged', cartId);
    expect(event?.data).toEqual({ cartId, userId, guestCartId });
  });

  test('brings along the last pieces that the guest holds', async () => {
    shop.onHand.set('mug', 2);
    await add(asGuest, 'mug', 2);
    expect((await merge()).body).toMatchObject({ count: 2, adjusted: [] });
    expect(shop.heldBy(cartId, 'mug')).toBe(2);
  });

  test('again changes nothing', async () => {
    await add(asGuest, 'mug', 2);
    await merge();
    const holds = shop.asked.holds;
    expect((await merge()).body).toMatchObject({ count: 2, adjusted: [] });
    expect(shop.asked.holds).toBe(holds);
  });

  test('five times at once adds the items once', async () => {
    shop.unruly = true;
    await add(ann, 'mug', 1);
    await add(asGuest, 'mug', 2);
    await Promise.all(Array.from({ length: 5 }, merge));
    expect(await contents(ann)).toEqual([['mug', 3]]);
    expect(shop.heldBy(cartId, 'mug')).toBe(3);
    expect(await published('cart.merged', cartId)).toHaveLength(1);
  });

  test('cuts what cannot be held, names it, and never takes from what the customer has', async () => {
    await add(ann, 'mug', 3);
    await add(asGuest, 'mug', 4);
    await add(asGuest, 'tea', 4);
    await add({ as: aUser({ id: randomUUID() }) }, 'hat', 1);
    shop.onHand.set('mug', 5);
    shop.onHand.set('tea', 0);
    const { body } = await merge();
    expect(body.adjusted).toEqual([
      { sku: 'mug', productId: 'p-mug', requested: 7, quantity: 5 },
      { sku: 'tea', productId: 'p-tea', requested: 4, quantity: 0 },
    ]);
    expect(await contents(ann)).toEqual([['mug', 5]]);
    expect([shop.heldBy(cartId, 'mug'), shop.heldBy(cartId, 'tea')]).toEqual([5, 0]);
  });

  test('leaves in the cart what the customer had, though it cannot be held any more', async () => {
    await add(ann, 'mug', 3);
    await add(asGuest, 'mug', 1);
    shop.lapse();
    shop.onHand.set('mug', 1);
    expect((await merge()).body.adjusted).toEqual([{ sku: 'mug', productId: 'p-mug', requested: 4, quantity: 3 }]);
    expect(await contents(ann)).toEqual([['mug', 3]]);
  });

  test('needs a session and a customer', async () => {
    expect((await app.request('POST', '/api/cart/merge', {}, ann)).status).toBe(400);
    expect((await app.request('POST', '/api/cart/merge', {}, asGuest)).status).toBe(401);
  });
});

describe('user.signed_in', () => {
  test('merges the cart that the customer brought along; a repeat changes nothing', async () => {
    await add(asGuest, 'mug', 2);
    const event = UserSignedIn(userId, 1, { userId, cartSession: session });
    expect(await app.deliver(event)).toBe('SUCCESS');
    expect(await app.deliver(event)).toBe('SUCCESS');
    expect(await contents(ann)).toEqual([['mug', 2]]);
    expect(await contents(asGuest)).toEqual([]);
  });

  const signedIn = () => ({ ...UserSignedIn(userId, 1, { userId, cartSession: session }), id: randomUUID() });

  test('delivered again leaves what the guest has put into the cart since', async () => {
    await add(asGuest, 'mug', 2);
    const event = signedIn();
    await app.deliver(event);
    await add(asGuest, 'tea', 3);
    expect(await app.deliver(event)).toBe('SUCCESS');
    expect(await contents(ann)).toEqual([['mug', 2]]);
    expect(await contents(asGuest)).toEqual([['tea', 3]]);
    expect([shop.heldBy(cartId, 'tea'), shop.heldBy(guest(session).cartId, 'tea')]).toEqual([0, 3]);
  });

  test('delivered again is recognized even if there was nothing to merge', async () => {
    const event = signedIn();
    await app.deliver(event);
    await add(asGuest, 'tea', 3);
    await app.deliver(event);
    expect(await contents(ann)).toEqual([]);
    expect(await contents(asGuest)).toEqual([['tea', 3]]);
  });

  test('delivered twice at once merges once, though the guest adds something in between', async () => {
    await add(asGuest, 'mug', 2);
    const event = signedIn();
    shop.meanwhile = async () => {
      await app.deliver(event);
      await add(asGuest, 'tea', 3);
    };
    expect(await app.deliver(event)).toBe('SUCCESS');
    expect(await contents(ann)).toEqual([['mug', 2]]);
    expect(await contents(asGuest)).toEqual([['tea', 3]]);
    expect([shop.heldBy(cartId, 'mug'), shop.heldBy(cartId, 'tea')]).toEqual([2, 0]);
    expect([shop.heldBy(guest(session).cartId, 'mug'), shop.heldBy(guest(session).cartId, 'tea')]).toEqual([0, 3]);
  });

  test('merges after a crash between hold and save', async () => {
    await add(asGuest, 'mug', 2);
    const event = signedIn();
    const carts = openCarts(app.store, Settings.parse({}));
    const reached = new Promise<void>((resolve) => {
      const dead = new Promise<undefined>(() => undefined);
      const replace = () => (resolve(), dead);
      const hold = createHold({ hold: shop.hold, stock: shop.stock, minutes: 15, now: () => new Date() });
      const crashing = createUpdate({ carts: { ...carts, replace }, hold, now: () => new Date() });
      void mergeCarts(crashing, { session, userId, once: event.id });
    });
    await reached;
    expect(shop.heldBy(cartId, 'mug')).toBe(2);
    expect(await contents(ann)).toEqual([]);
    expect(await app.deliver(event)).toBe('SUCCESS');
    expect(await contents(ann)).toEqual([['mug', 2]]);
    expect([shop.heldBy(cartId, 'mug'), shop.heldBy(guest(session).cartId, 'mug')]).toEqual([2, 0]);
  });

  test('without a cart changes nothing', async () => {
    expect(await app.deliver(UserSignedIn(userId, 1, { userId, cartSession: null }))).toBe('SUCCESS');
    expect(await app.deliver(UserSignedIn(userId, 1, { userId, cartSession: session }))).toBe('SUCCESS');
    expect(await contents(ann)).toEqual([]);
  });

  test('is tried again when inventory does not answer', async () => {
    await add(asGuest, 'mug', 2);
    shop.down = true;
    const event = UserSignedIn(userId, 1, { userId, cartSession: session });
    expect(await app.deliver(event)).toBe('RETRY');
    shop.down = false;
    expect(await app.deliver(event)).toBe('SUCCESS');
    expect(await contents(ann)).toEqual([['mug', 2]]);
  });

  test('malformed is dropped', async () => {
    expect(await app.deliver({ ...UserSignedIn(userId, 1, { userId, cartSession: null }), data: { cartSession: 7 } })).toBe('DROP');
  });
});

describe('user.deleted', () => {
  const deleted = () => app.deliver(UserDeleted(userId, 2, { userId }));

  test('empties the cart and gives back what it held; a repeat changes nothing', async () => {
    await add(ann, 'mug', 2);
    await add(ann, 'tea', 1);
    expect([await deleted(), await deleted()]).toEqual(['SUCCESS', 'SUCCESS']);
    expect(await contents(ann)).toEqual([]);
    expect([shop.heldBy(cartId, 'mug'), shop.heldBy(cartId, 'tea')]).toEqual([0, 0]);
    expect(await published('cart.cleared', cartId)).toHaveLength(1);
  });

  test('of somebody without a cart changes nothing', async () => {
    expect(await deleted()).toBe('SUCCESS');
  });

  test('is tried again when inventory does not answer', async () => {
    await add(ann, 'mug', 2);
    shop.down = true;
    expect(await deleted()).toBe('RETRY');
    shop.down = false;
    expect(await deleted()).toBe('SUCCESS');
    expect(await contents(ann)).toEqual([]);
  });

  test('malformed is dropped', async () => {
    expect(await app.deliver({ ...UserDeleted(userId, 2, { userId }), data: {} })).toBe('DROP');
  });
});

describe('order.placed', () => {
  const ordered = (checkoutId: string | null, ...lines: [string, number][]) =>
    anOrder({
      orderId: randomUUID(),
      buyer: { userId, email: 'ann@example.com', name: 'Ann' },
      lines: lines.map(([sku, quantity]) => aLine(sku, quantity)),
      cart: checkoutId === null ? null : { cartId, checkoutId },
    });
  const placed = (order: OrderSnapshot) => app.deliver(OrderPlaced(order.orderId, 1, order));

  test('clears the cart it was made from, and asks inventory for nothing; a repeat changes nothing', async () => {
    const { checkoutId } = (await add(ann, 'mug', 2)).body;
    const order = ordered(checkoutId, ['mug', 2]);
    const holds = shop.asked.holds;
    expect(await placed(order)).toBe('SUCCESS');
    expect(await contents(ann)).toEqual([]);
    await add(ann, 'mug', 1);
    expect(await placed(order)).toBe('SUCCESS');
    expect(await contents(ann)).toEqual([['mug', 1]]);
    expect(shop.asked.holds).toBe(holds + 1);
    const events = await published('cart.cleared', cartId);
    expect(events.map(({ data }) => data)).toEqual([{ cartId, userId }]);
  });

  test('leaves what was added since, for another order', async () => {
    const { checkoutId } = (await add(ann, 'mug', 2)).body;
    await add(ann, 'mug', 1);
    await add(ann, 'tea', 1);
    await placed(ordered(checkoutId, ['mug', 2]));
    expect(await contents(ann)).toEqual([
      ['mug', 1],
      ['tea', 1],
    ]);
    expect((await get(ann)).checkoutId).not.toBe(checkoutId);
  });

  test.each([
    ['of another checkout', 'another'],
    ['of no cart', null],
  ])('%s changes nothing', async (_name, checkoutId) => {
    await add(ann, 'mug', 2);
    expect(await placed(ordered(checkoutId, ['mug', 2]))).toBe('SUCCESS');
    expect(await contents(ann)).toEqual([['mug', 2]]);
  });

  test('of a cart that is not there any more changes nothing', async () => {
    expect(await placed(ordered('gone', ['mug', 2]))).toBe('SUCCESS');
  });

  test('malformed is dropped', async () => {
    expect(await app.deliver({ ...OrderPlaced('o', 1, ordered(null, ['mug', 1])), data: { orderId: 'o' } })).toBe('DROP');
  });
});

describe('without holds', () => {
  let loose: TestApp;
  beforeAll(async () => {
    loose = await start({ HOLD_MINUTES: '0' });
  }, 60_000);
  afterAll(() => loose?.close());

  test('adding only looks whether there is enough', async () => {
    shop.onHand.set('mug', 3);
    const ask = (quantity: number) => loose.request('POST', '/api/cart/items', { sku: 'mug', quantity }, ann);
    expect((await ask(2)).status).toBe(200);
    expect(await ask(2)).toMatchObject(problem(409, 'out-of-stock', { lines: [{ sku: 'mug', requested: 4, available: 3 }] }));
    expect((await loose.request('DELETE', '/api/cart', undefined, ann)).body.count).toBe(0);
    expect(shop.asked).toMatchObject({ holds: 0, stocks: 2 });
  });
});

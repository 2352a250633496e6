import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { remove } from '@sidecart/chassis/state';
import type { User } from '@sidecart/contracts/access-token';
import { aQuote, euros } from '@sidecart/testing/builders';
import { problem } from '@sidecart/testing/problem';
import { aUser } from '@sidecart/testing/tokens';
import { orderKey } from '../../src/order/store.js';
import { A_MUG, MINUTE_MS, startOrders, type OrdersApp } from '../orders.js';

let orders: OrdersApp;
let upstreams: ReturnType<OrdersApp['renew']>;
let customers = 0;
let ann: User;

beforeAll(async () => {
  orders = await startOrders();
}, 60_000);

afterAll(() => orders?.close());

beforeEach(() => {
  upstreams = orders.renew();
  ann = aUser({ id: `ann-${++customers}` });
  orders.clock.now = new Date();
});

const inMinutes = (minutes: number) => new Date(orders.clock.now.getTime() + minutes * MINUTE_MS).toISOString();
const submit = (body: unknown = {}, key?: string) => orders.submit(ann, body, key);
const ordersOf = async (as: User) => (await orders.get('/api/orders', as)).body.data;

describe('placing an order', () => {
  test('from the cart returns what to pay until when, and reserves the stock for 15 minutes more', async () => {
    const { cartId, checkoutId } = upstreams.fillCart(ann.id, { items: [{ sku: 'mug', quantity: 3 }] });
    const { status, body } = await submit({
      note: 'Ring twice',
      address: { name: 'Ann', line1: 'Main St 1', postalCode: '1010', city: 'Wien', country: 'AT' },
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      status: 'pending',
      life: 'open',
      payment: 'unpaid',
      fulfillment: 'unfulfilled',
      number: expect.stringMatching(/^SC-/),
      buyer: { userId: ann.id, email: ann.email, name: ann.name },
      lines: [{ sku: 'mug', productId: 'p-mug', name: 'The mug', quantity: 3, unitPrice: euros(1000), total: euros(3000) }],
      subtotal: euros(3000),
      tax: euros(600),
      total: euros(3600),
      cart: { cartId, checkoutId },
      note: 'Ring twice',
      address: { city: 'Wien' },
      due: { amount: euros(3600), payBy: inMinutes(30), href: '/api/payments' },
    });
    const reservation = { cartId, lines: [{ sku: 'mug', quantity: 3 }], until: inMinutes(45), country: 'AT' };
    expect(upstreams.reservations.get(body.id)).toEqual(reservation);
    expect(await orders.eventsOf(body.id)).toEqual(['order.placed']);
  });

  test('from items adds up items of the same SKU into one line', async () => {
    const items = ['mug', 'tea', 'mug'].map((sku) => ({ sku, quantity: 2 }));
    const { body } = await submit({ items });
    expect(body.lines.map(({ sku, quantity }: { sku: string; quantity: number }) => [sku, quantity])).toEqual([
      ['mug', 4],
      ['tea', 2],
    ]);
    expect(upstreams.reservations.get(body.id)?.lines).toEqual([
      { sku: 'mug', quantity: 4 },
      { sku: 'tea', quantity: 2 },
    ]);
    expect(body.cart).toBeNull();
  });

  test('keeps two SKUs of one product as two lines, each at its own price', async () => {
    upstreams.quotes.set('mug-xl', aQuote('mug-xl', { productId: 'p-mug', price: euros(1500) }));
    const items = ['mug', 'mug-xl'].map((sku) => ({ sku, quantity: 1 }));
    const { body } = await submit({ items });
    expect(body.lines).toMatchObject([
      { sku: 'mug', productId: 'p-mug', total: euros(1000) },
      { sku: 'mug-xl', productId: 'p-mug', total: euros(1500) },
    ]);
    expect(upstreams.reservations.get(body.id)?.lines).toEqual(items);
  });

  test('from items uses the holds of the buyer’s cart, and leaves the cart as it is', async () => {
    const { body } = await submit(A_MUG);
    expect(upstreams.reservations.get(body.id)?.cartId).toBe(`u-${ann.id}`);
    expect(body.cart).toBeNull();
  });

  test('five times concurrently from one cart places one order', async () => {
    upstreams.fillCart(ann.id);
    const answers = await Promise.all(Array.from({ length: 5 }, () => submit()));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
    const ids = new Set(answers.map(({ body }) => body.id));
    expect(ids.size).toBe(1);
    const [id] = ids;
    expect(upstreams.reservations.size).toBe(1);
    expect(await ordersOf(ann)).toHaveLength(1);
    expect(await orders.eventsOf(id)).toEqual(['order.placed']);
    upstreams.quotes.clear();
    expect((await submit()).body.id).toBe(id);
  });

  test('five times concurrently from one cart, each with its own key, places one order', async () => {
    upstreams.fillCart(ann.id);
    const keys = Array.from({ length: 5 }, (_, n) => `key-of-${n}`);
    const answers = await Promise.all(keys.map((key) => submit({}, key)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409, 409, 409, 409]);
    expect(answers.find(({ status }) => status === 409)).toMatchObject(problem(409, 'cart-ordered'));
    const data = await ordersOf(ann);
    expect(data).toHaveLength(1);
    const first = answers.findIndex(({ status }) => status === 201);
    expect((await submit({}, keys[first] ?? '')).body.id).toBe(data[0].id);
    expect((await submit()).body.id).toBe(data[0].id);
    upstreams.quotes.clear();
    expect(await submit({}, 'a-late-key')).toMatchObject(problem(409, 'cart-ordered'));
    upstreams.fillCart(ann.id, { checkoutId: 'the next' });
    upstreams.quotes.set('mug', aQuote('mug'));
    expect((await submit({}, 'the-next-key')).status).toBe(201);
  });

  test('concurrently from one cart, with a key and without, places one order', async () => {
    upstreams.fillCart(ann.id);
    await Promise.all([submit({}, 'key-12345'), submit(), submit()]);
    const data = await ordersOf(ann);
    expect(data).toHaveLength(1);
    expect((await submit()).body.id).toBe(data[0].id);
  });

  test('is due before the reservation ends, even if an earlier try has made the reservation', async () => {
    const first = await submit(A_MUG, 'key-12345');
    await orders.store.transact([orderKey(first.body.id)], () => ({ write: [remove(orderKey(first.body.id))], result: undefined }));
    orders.clock.now = new Date(inMinutes(10));
    expect((await submit(A_MUG, 'key-12345')).body.due).toEqual(first.body.due);
  });

  test('is refused if the reservation of an earlier try is about to lapse', async () => {
    upstreams.calls.reserve = async () => ({ until: inMinutes(14) });
    expect(await submit(A_MUG)).toMatchObject(problem(503, 'reservation-lapsing'));
  });
});

describe('a repeated checkout of one cart without a key', () => {
  const address = { name: 'Ann', line1: 'Main St 1', postalCode: '1010', city: 'Wien', country: 'AT' };
  const mugs = (quantity: number) => ({ sku: 'mug', quantity });
  const tea = { sku: 'tea', quantity: 1 };

  test('returns the same order if nothing has changed but the order of the lines', async () => {
    upstreams.fillCart(ann.id, { items: [mugs(2), tea] });
    const first = await submit({ address, note: 'Ring twice.' });
    upstreams.fillCart(ann.id, { items: [tea, mugs(2)] });
    const again = await submit({ note: ' Ring twice. ', address });
    expect({ status: again.status, body: again.body }).toEqual({ status: 201, body: first.body });
  });

  test.each([
    ['more of a line', [mugs(3)], { address, note: 'Ring twice.' }],
    ['another line', [mugs(2), tea], { address, note: 'Ring twice.' }],
    ['other lines', [tea], { address, note: 'Ring twice.' }],
    ['another address', [mugs(2)], { address: { ...address, line1: 'Main St 2' }, note: 'Ring twice.' }],
    ['no address', [mugs(2)], { note: 'Ring twice.' }],
    ['another note', [mugs(2)], { address, note: 'Do not ring.' }],
  ])('refuses %s, and names the order that the cart became', async (_, items, body) => {
    upstreams.fillCart(ann.id, { items: [mugs(2)] });
    const first = await submit({ address, note: 'Ring twice.' });
    upstreams.fillCart(ann.id, { items });
    const detail = expect.stringContaining(first.body.number);
    expect(await submit(body)).toMatchObject(problem(409, 'cart-ordered', { detail }));
    expect(await ordersOf(ann)).toHaveLength(1);
  });

  test('at the same time with another note places one order and refuses the other', async () => {
    upstreams.fillCart(ann.id);
    const answers = await Promise.all([submit({ note: 'one' }), submit({ note: 'two' })]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409]);
    expect(answers.find(({ status }) => status === 409)).toMatchObject(problem(409, 'cart-ordered'));
  });
});

describe('an Idempotency-Key', () => {
  test('returns the same order again, even if the cart is empty by then', async () => {
    upstreams.fillCart(ann.id);
    const first = await submit({}, 'key-12345');
    upstreams.carts.clear();
    upstreams.quotes.clear();
    const again = await Promise.all([submit({}, 'key-12345'), submit({}, 'key-12345')]);
    for (const { status, body } of again) expect({ status, body }).toEqual({ status: 201, body: first.body });
    expect(await ordersOf(ann)).toHaveLength(1);
  });

  test('is refused with another body, later or at the same time', async () => {
    const two = { items: [{ sku: 'mug', quantity: 2 }] };
    expect((await submit(A_MUG, 'key-12345')).status).toBe(201);
    expect(await submit(two, 'key-12345')).toMatchObject(problem(409, 'idempotency-key-reused'));
    const racing = await Promise.all([submit(A_MUG, 'key-67890'), submit(two, 'key-67890')]);
    expect(racing.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409]);
  });

  test('of two customers places an order for each', async () => {
    const bob = aUser({ id: `bob-${customers}` });
    const [one, two] = await Promise.all([submit(A_MUG, 'key-12345'), orders.submit(bob, A_MUG, 'key-12345')]);
    expect(one.body.id).not.toBe(two.body.id);
  });

  test('is refused if it is too short, and so is a request without a token', async () => {
    expect(await submit({}, 'short')).toMatchObject(problem(400, 'validation-failed'));
    expect((await orders.request('POST', '/api/orders', {})).status).toBe(401);
  });
});

describe('a checkout is refused', () => {
  test('if the cart is empty', async () => {
    expect(await submit()).toMatchObject(problem(409, 'cart-empty'));
  });

  test('with every SKU that is not for sale, and reserves nothing', async () => {
    const items = ['mug', 'gone', 'lost'].map((sku) => ({ sku, quantity: 1 }));
    const answer = await submit({ items });
    expect(answer).toMatchObject(problem(409, 'lines-unavailable'));
    expect(answer.body.lines).toEqual([
      { sku: 'gone', reason: 'not-for-sale' },
      { sku: 'lost', reason: 'not-for-sale' },
    ]);
    expect(upstreams.reservations.size).toBe(0);
  });

  test('with the lines that are short of stock, and saves nothing', async () => {
    upstreams.stock.set('tea', 1);
    const answer = await submit({ items: ['mug', 'tea'].map((sku) => ({ sku, quantity: 2 })) });
    expect(answer).toMatchObject(problem(409, 'out-of-stock'));
    expect(answer.body.lines).toEqual([{ sku: 'tea', requested: 2, available: 1 }]);
    expect(await ordersOf(ann)).toEqual([]);
  });

  test('if the lines have two currencies, and reserves nothing', async () => {
    upstreams.quotes.set('tea', aQuote('tea', { price: { amount: 500, currency: 'USD' } }));
    const items = ['mug', 'tea'].map((sku) => ({ sku, quantity: 1 }));
    expect(await submit({ items })).toMatchObject(problem(409, 'mixed-currencies'));
    expect(upstreams.reservations.size).toBe(0);
  });

  test.each([
    ['an unknown field', { color: 'red' }, 'color'],
    ['no items', { items: [] }, 'items'],
    ['more than fifty items', { items: Array.from({ length: 51 }, (_, i) => ({ sku: `p-${i}`, quantity: 1 })) }, 'items'],
    ['a quantity of 0', { items: [{ sku: 'mug', quantity: 0 }] }, 'items.0.quantity'],
    [
      'too many pieces of one SKU in total',
      {
        items: [
          { sku: 'mug', quantity: 999 },
          { sku: 'mug', quantity: 1 },
        ],
      },
      'items',
    ],
    ['a price', { items: [{ sku: 'mug', quantity: 1, price: 1 }] }, 'items.0.price'],
    ['a note that is too long', { note: 'x'.repeat(1_001) }, 'note'],
    ['an unknown country', { address: { name: 'Ann', line1: 'x', postalCode: 'x', city: 'x', country: 'XX' } }, 'address.country'],
    [
      'a line break in the address',
      { address: { name: 'Ann', line1: 'x\ny', postalCode: 'x', city: 'x', country: 'AT' } },
      'address.line1',
    ],
    ['half an address', { address: { name: 'Ann', line1: 'x', postalCode: 'x', city: 'x' } }, 'address.country'],
  ])('with %s', async (_, body, field) => {
    const answer = await submit(body);
    expect(answer).toMatchObject(problem(400, 'validation-failed'));
    expect(answer.body.errors).toMatchObject([{ field }]);
  });
});

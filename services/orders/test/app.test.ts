import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { User } from '@sidecart/chassis/auth';
import type { App } from '@sidecart/chassis/service';
import { remove } from '@sidecart/chassis/state';
import { UserDeleted, UserReinstated, UserSuspended } from '@sidecart/contracts/identity';
import { InventoryShort } from '@sidecart/contracts/inventory';
import { OrderDue } from '@sidecart/contracts/orders';
import { PaymentFailed, PaymentRefunded, PaymentSucceeded } from '@sidecart/contracts/payments';
import { until } from '@sidecart/runner/until';
import { startApp, type Answer, type TestApp } from '@sidecart/testing/app';
import { aQuote, euros } from '@sidecart/testing/builders';
import { aUser } from '@sidecart/testing/tokens';
import { createApp } from '../src/app.js';
import { Settings } from '../src/config.js';
import { orderKey } from '../src/store.js';
import { createNeighbours } from './neighbours.js';

const MINUTE_MS = 60_000;

let running: TestApp;
let app: App;
let shop: ReturnType<typeof createNeighbours>;
let customers = 0;
let ann: User;
let now: Date;

beforeAll(async () => {
  shop = createNeighbours();
  running = await startApp('orders', Settings.parse({}), (deps) => {
    app = createApp({
      ...deps,
      now: () => now,
      customerCart: (input) => shop.neighbours.customerCart(input),
      quote: (input) => shop.neighbours.quote(input),
      reserve: (input) => shop.neighbours.reserve(input),
      closeBill: (input) => shop.neighbours.closeBill(input),
    });
    return app;
  });
}, 60_000);

afterAll(() => running?.close());

beforeEach(() => {
  shop = createNeighbours();
  ann = aUser({ id: `ann-${++customers}` });
  now = new Date();
});

const submit = (body: unknown = {}, { as = ann, key }: { as?: User; key?: string } = {}) =>
  running.request('POST', '/api/orders', body, { as, headers: key === undefined ? {} : { 'idempotency-key': key } });
const get = (path: string, as = ann) => running.request('GET', path, undefined, { as });

/** All events of an order so far: those of the changes before are published once that of a later one is. */
async function eventsOf(orderId: string): Promise<string[]> {
  const { body } = await submit({ items: [{ sku: 'mug', quantity: 1 }] }, { as: aUser({ id: `last-of-${orderId}` }) });
  await until('the last event', 5, async () => running.published.some(({ subject }) => subject === body.id));
  return running.published.filter(({ subject }) => subject === orderId).map(({ type }) => type);
}

async function placed(): Promise<{ orderId: string; paymentId: string; userId: string; amount: { amount: number; currency: string } }> {
  const { body } = await submit({ items: [{ sku: 'mug', quantity: 1 }] });
  return { orderId: body.id, paymentId: `pay-${body.id}`, userId: ann.id, amount: body.total };
}

function expectProblem({ status, body }: Answer, expected: number, slug: string): void {
  expect({ status, type: body.type }).toEqual({ status: expected, type: expect.stringMatching(new RegExp(`/${slug}$`)) });
}

describe('placing an order', () => {
  test('from the cart answers the order and what to pay, with the stock reserved a quarter of an hour beyond that', async () => {
    const { cartId, checkoutId } = shop.fillCart(ann.id, { items: [{ sku: 'mug', quantity: 3 }] });
    const { status, body } = await submit({
      note: 'Ring twice',
      address: { name: 'Ann', line1: 'Main St 1', postalCode: '1010', city: 'Wien', country: 'AT' },
    });
    const payBy = new Date(now.getTime() + 30 * MINUTE_MS).toISOString();
    expect(status).toBe(201);
    expect(body).toMatchObject({
      status: 'pending',
      number: expect.stringMatching(/^SC-/),
      buyer: { userId: ann.id, email: ann.email, name: ann.name },
      lines: [{ sku: 'mug', productId: 'p-mug', name: 'The mug', quantity: 3, unitPrice: euros(1000), total: euros(3000) }],
      subtotal: euros(3000),
      tax: euros(600),
      total: euros(3600),
      cart: { cartId, checkoutId },
      note: 'Ring twice',
      address: { city: 'Wien' },
      payment: { amount: euros(3600), payBy, href: '/api/payments' },
    });
    const until = new Date(now.getTime() + 45 * MINUTE_MS).toISOString();
    expect(shop.reservations.get(body.id)).toEqual({ cartId, lines: [{ sku: 'mug', quantity: 3 }], until });
    expect(await eventsOf(body.id)).toEqual(['order.placed']);
  });

  test('adds up items of the same SKU into one line', async () => {
    const items = ['mug', 'tea', 'mug'].map((sku) => ({ sku, quantity: 2 }));
    const { body } = await submit({ items });
    expect(body.lines.map(({ sku, quantity }: { sku: string; quantity: number }) => [sku, quantity])).toEqual([
      ['mug', 4],
      ['tea', 2],
    ]);
    expect(shop.reservations.get(body.id)?.lines).toEqual([
      { sku: 'mug', quantity: 4 },
      { sku: 'tea', quantity: 2 },
    ]);
    expect(body.cart).toBeNull();
  });

  test('keeps two SKUs of one product as two lines, each at its own price', async () => {
    shop.products.set('mug-xl', aQuote('mug-xl', { productId: 'p-mug', price: euros(1500) }));
    const items = ['mug', 'mug-xl'].map((sku) => ({ sku, quantity: 1 }));
    const { body } = await submit({ items });
    expect(body.lines).toMatchObject([
      { sku: 'mug', productId: 'p-mug', total: euros(1000) },
      { sku: 'mug-xl', productId: 'p-mug', total: euros(1500) },
    ]);
    expect(shop.reservations.get(body.id)?.lines).toEqual(items);
  });

  test('from items reserves with the holds of the buyer’s own cart, which is left as it is', async () => {
    const { body } = await submit({ items: [{ sku: 'mug', quantity: 1 }] });
    expect(shop.reservations.get(body.id)?.cartId).toBe(`u-${ann.id}`);
    expect(body.cart).toBeNull();
  });

  test('five times at once from one cart makes one order', async () => {
    shop.fillCart(ann.id);
    const answers = await Promise.all(Array.from({ length: 5 }, () => submit()));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
    const ids = new Set(answers.map(({ body }) => body.id));
    expect(ids.size).toBe(1);
    const [id] = ids;
    expect(shop.reservations.size).toBe(1);
    expect((await get('/api/orders')).body.data).toHaveLength(1);
    expect(await eventsOf(id)).toEqual(['order.placed']);
    shop.products.clear();
    expect((await submit()).body.id).toBe(id);
  });

  test('five times at once from one cart, each with its own key, makes one order', async () => {
    shop.fillCart(ann.id);
    const keys = Array.from({ length: 5 }, (_, n) => `key-of-${n}`);
    const answers = await Promise.all(keys.map((key) => submit({}, { key })));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409, 409, 409, 409]);
    const refused = answers.find(({ status }) => status === 409);
    if (refused) expectProblem(refused, 409, 'cart-ordered');
    const { data } = (await get('/api/orders')).body;
    expect(data).toHaveLength(1);
    const first = answers.findIndex(({ status }) => status === 201);
    expect((await submit({}, { key: keys[first] ?? '' })).body.id).toBe(data[0].id);
    expect((await submit()).body.id).toBe(data[0].id);
    shop.products.clear();
    expectProblem(await submit({}, { key: 'a-late-key' }), 409, 'cart-ordered');
    shop.fillCart(ann.id, { checkoutId: 'the next' });
    shop.products.set('mug', aQuote('mug'));
    expect((await submit({}, { key: 'the-next-key' })).status).toBe(201);
  });

  test('with a key and without one at once from one cart makes one order', async () => {
    shop.fillCart(ann.id);
    await Promise.all([submit({}, { key: 'key-12345' }), submit(), submit()]);
    const { data } = (await get('/api/orders')).body;
    expect(data).toHaveLength(1);
    expect((await submit()).body.id).toBe(data[0].id);
  });

  describe('again from the same cart without a key', () => {
    const address = { name: 'Ann', line1: 'Main St 1', postalCode: '1010', city: 'Wien', country: 'AT' };
    const mugs = (quantity: number) => ({ sku: 'mug', quantity });
    const tea = { sku: 'tea', quantity: 1 };

    test('returns the same order if nothing has changed, in whatever order the lines are', async () => {
      shop.fillCart(ann.id, { items: [mugs(2), tea] });
      const first = await submit({ address, note: 'Ring twice.' });
      shop.fillCart(ann.id, { items: [tea, mugs(2)] });
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
    ])('refuses %s, and names the order that the cart has become', async (_, items, body) => {
      shop.fillCart(ann.id, { items: [mugs(2)] });
      const first = await submit({ address, note: 'Ring twice.' });
      shop.fillCart(ann.id, { items });
      const changed = await submit(body);
      expectProblem(changed, 409, 'cart-ordered');
      expect(changed.body.detail).toContain(first.body.number);
      expect((await get('/api/orders')).body.data).toHaveLength(1);
    });

    test('and with another note at the same time makes one order and one refusal', async () => {
      shop.fillCart(ann.id);
      const answers = await Promise.all([submit({ note: 'one' }), submit({ note: 'two' })]);
      expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409]);
      const refused = answers.find(({ status }) => status === 409);
      if (refused) expectProblem(refused, 409, 'cart-ordered');
    });
  });

  test('again with the same key answers the same order, even when the cart is empty by then', async () => {
    shop.fillCart(ann.id);
    const first = await submit({}, { key: 'key-12345' });
    shop.carts.clear();
    shop.products.clear();
    const again = await Promise.all([submit({}, { key: 'key-12345' }), submit({}, { key: 'key-12345' })]);
    for (const { status, body } of again) expect({ status, body }).toEqual({ status: 201, body: first.body });
    expect((await get('/api/orders')).body.data).toHaveLength(1);
  });

  test('refuses the same key with another body, one after the other and at once', async () => {
    const one = { items: [{ sku: 'mug', quantity: 1 }] };
    const two = { items: [{ sku: 'mug', quantity: 2 }] };
    expect((await submit(one, { key: 'key-12345' })).status).toBe(201);
    expectProblem(await submit(two, { key: 'key-12345' }), 409, 'idempotency-key-reused');
    const racing = await Promise.all([submit(one, { key: 'key-67890' }), submit(two, { key: 'key-67890' })]);
    expect(racing.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409]);
  });

  test('gives two customers with the same key an order each', async () => {
    const bob = aUser({ id: `bob-${customers}` });
    const items = [{ sku: 'mug', quantity: 1 }];
    const [one, two] = await Promise.all([submit({ items }, { key: 'key-12345' }), submit({ items }, { as: bob, key: 'key-12345' })]);
    expect(one.body.id).not.toBe(two.body.id);
  });

  test('refuses an empty cart', async () => {
    expectProblem(await submit(), 409, 'cart-empty');
  });

  test('names the SKUs that are not for sale, and reserves nothing', async () => {
    const items = ['mug', 'gone', 'lost'].map((sku) => ({ sku, quantity: 1 }));
    const answer = await submit({ items });
    expectProblem(answer, 409, 'lines-unavailable');
    expect(answer.body.lines).toEqual([
      { sku: 'gone', reason: 'not-for-sale' },
      { sku: 'lost', reason: 'not-for-sale' },
    ]);
    expect(shop.reservations.size).toBe(0);
  });

  test('names the short lines as inventory does, and saves nothing', async () => {
    shop.stock.set('tea', 1);
    const answer = await submit({ items: ['mug', 'tea'].map((sku) => ({ sku, quantity: 2 })) });
    expectProblem(answer, 409, 'out-of-stock');
    expect(answer.body.lines).toEqual([{ sku: 'tea', requested: 2, available: 1 }]);
    expect((await get('/api/orders')).body.data).toEqual([]);
  });

  test('refuses two currencies before it reserves anything', async () => {
    shop.products.set('tea', aQuote('tea', { price: { amount: 500, currency: 'USD' } }));
    const items = ['mug', 'tea'].map((sku) => ({ sku, quantity: 1 }));
    expectProblem(await submit({ items }), 409, 'mixed-currencies');
    expect(shop.reservations.size).toBe(0);
  });

  test('is to be paid before the reservation ends, also where that was made by an earlier try', async () => {
    const body = { items: [{ sku: 'mug', quantity: 1 }] };
    const first = await submit(body, { key: 'key-12345' });
    await running.store.transact([orderKey(first.body.id)], () => ({ write: [remove(orderKey(first.body.id))], result: undefined }));
    now = new Date(now.getTime() + 10 * MINUTE_MS);
    expect((await submit(body, { key: 'key-12345' })).body.payment).toEqual(first.body.payment);
  });

  test('is refused when the reservation of an earlier try is about to lapse', async () => {
    const body = { items: [{ sku: 'mug', quantity: 1 }] };
    shop.neighbours.reserve = async () => ({ until: new Date(now.getTime() + 14 * MINUTE_MS).toISOString() });
    expectProblem(await submit(body), 503, 'reservation-lapsing');
  });

  test.each([
    ['an unknown field', { color: 'red' }, 'color'],
    ['no items', { items: [] }, 'items'],
    ['more than fifty items', { items: Array.from({ length: 51 }, (_, i) => ({ sku: `p-${i}`, quantity: 1 })) }, 'items'],
    ['a quantity of nothing', { items: [{ sku: 'mug', quantity: 0 }] }, 'items.0.quantity'],
    [
      'too much of one SKU in all',
      {
        items: [
          { sku: 'mug', quantity: 999 },
          { sku: 'mug', quantity: 1 },
        ],
      },
      'items',
    ],
    ['a price', { items: [{ sku: 'mug', quantity: 1, price: 1 }] }, 'items.0.price'],
    ['a note without end', { note: 'x'.repeat(1_001) }, 'note'],
    ['a country that is none', { address: { name: 'Ann', line1: 'x', postalCode: 'x', city: 'x', country: 'XX' } }, 'address.country'],
    [
      'an address of two lines in one',
      { address: { name: 'Ann', line1: 'x\ny', postalCode: 'x', city: 'x', country: 'AT' } },
      'address.line1',
    ],
    ['half an address', { address: { name: 'Ann', line1: 'x', postalCode: 'x', city: 'x' } }, 'address.country'],
  ])('refuses %s', async (_, body, field) => {
    const answer = await submit(body);
    expectProblem(answer, 400, 'validation-failed');
    expect(answer.body.errors).toMatchObject([{ field }]);
  });

  test('refuses a key that is too short, and whoever is not signed in', async () => {
    expectProblem(await submit({}, { key: 'short' }), 400, 'validation-failed');
    expect((await running.request('POST', '/api/orders', {})).status).toBe(401);
  });
});

describe('reading orders', () => {
  test('lists the own ones, newest first, page by page', async () => {
    const ids = [];
    for (let n = 0; n < 3; n++) ids.unshift((await placed()).orderId);
    const first = await get('/api/orders?limit=2');
    const second = await get(`/api/orders?limit=2&cursor=${first.body.next}`);
    expect([...first.body.data, ...second.body.data].map(({ id }) => id)).toEqual(ids);
    expect(second.body.next).toBeNull();
    expectProblem(await get('/api/orders?limit=101'), 400, 'validation-failed');
  });

  test('shows an order and its history to its owner and to staff of orders, and to nobody else', async () => {
    const { orderId } = await placed();
    const bob = aUser({ id: 'bob' });
    const packer = aUser({ id: 'pat', role: 'staff', permissions: ['inventory'] });
    for (const path of [`/api/orders/${orderId}`, `/api/orders/${orderId}/history`]) {
      expect((await get(path)).status).toBe(200);
      expect((await get(path, aUser({ id: 'sue', role: 'staff', permissions: ['orders'] }))).status).toBe(200);
      for (const other of [bob, packer]) expectProblem(await get(path, other), 404, 'not-found');
    }
    expectProblem(await running.request('POST', `/api/orders/${orderId}/cancel`, {}, { as: bob }), 404, 'not-found');
    expectProblem(await get('/api/orders/nothing'), 404, 'not-found');
  });

  test('tells payments what is due, and refuses an order that is not there', async () => {
    const { orderId } = await placed();
    const payBy = new Date(now.getTime() + 30 * MINUTE_MS).toISOString();
    expect(await running.call(OrderDue, { orderId })).toEqual({
      output: { orderId, userId: ann.id, status: 'pending', total: euros(1200), payBy },
    });
    expect(await running.call(OrderDue, { orderId: 'nothing' })).toMatchObject({ refused: { kind: 'missing' } });
  });
});

describe('cancelling', () => {
  const cancel = (orderId: string, as = ann, body: unknown = { reason: 'too slow' }) =>
    running.request('POST', `/api/orders/${orderId}/cancel`, body, { as });

  test('an unpaid order is recorded with who and why, and told once', async () => {
    const { orderId } = await placed();
    expect((await cancel(orderId)).body).toMatchObject({ status: 'cancelled', reason: 'too slow', payment: null });
    expectProblem(await cancel(orderId), 409, 'illegal-move');
    expect((await get(`/api/orders/${orderId}/history`)).body.data).toMatchObject([
      { from: null, to: 'pending', by: ann.id },
      { from: 'pending', to: 'cancelled', by: ann.id, reason: 'too slow', at: now.toISOString() },
    ]);
    expect(await eventsOf(orderId)).toEqual(['order.placed', 'order.cancelled']);
  });

  test('a paid order is for staff alone', async () => {
    const payment = await placed();
    await running.deliver(PaymentSucceeded(payment.paymentId, 2, payment));
    const refused = await cancel(payment.orderId);
    expectProblem(refused, 409, 'illegal-move');
    expect(refused.body.detail).toBe('An order that is paid cannot become cancelled.');
    expect((await cancel(payment.orderId, aUser({ id: 'sue', role: 'staff', permissions: ['orders'] }), {})).body).toMatchObject({
      status: 'cancelled',
      reason: null,
    });
  });

  test('refuses a reason without end', async () => {
    const { orderId } = await placed();
    expectProblem(await cancel(orderId, ann, { reason: 'x'.repeat(301) }), 400, 'validation-failed');
  });
});

test('the deadline cancels what is unpaid by then, and nothing else', async () => {
  await app.onCron?.(now);
  const unpaid = await placed();
  const paid = await placed();
  await running.deliver(PaymentSucceeded(paid.paymentId, 2, paid));
  await app.onCron?.(new Date(now.getTime() + 29 * MINUTE_MS));
  expect((await get(`/api/orders/${unpaid.orderId}`)).body.status).toBe('pending');

  const late = new Date(now.getTime() + 32 * MINUTE_MS);
  await app.onCron?.(late);
  await app.onCron?.(late);
  expect((await get(`/api/orders/${unpaid.orderId}`)).body).toMatchObject({ status: 'cancelled', reason: 'payment deadline passed' });
  expect(await eventsOf(unpaid.orderId)).toEqual(['order.placed', 'order.cancelled']);
  expect((await get(`/api/orders/${paid.orderId}`)).body.status).toBe('paid');
});

describe('what payments tells', () => {
  const status = async (orderId: string) => (await get(`/api/orders/${orderId}`)).body.status;
  const cancel = (orderId: string) => running.request('POST', `/api/orders/${orderId}/cancel`, {}, { as: ann });

  test('payment.succeeded makes the order paid; delivered again it changes nothing', async () => {
    const payment = await placed();
    const event = PaymentSucceeded(payment.paymentId, 2, payment);
    expect(await Promise.all([running.deliver(event), running.deliver(event)])).toEqual(['SUCCESS', 'SUCCESS']);
    expect(await running.deliver(event)).toBe('SUCCESS');
    expect(await status(payment.orderId)).toBe('paid');
    expect(await eventsOf(payment.orderId)).toEqual(['order.placed', 'order.paid']);
    expect(running.published.filter(({ subject }) => subject === payment.orderId)).toMatchObject([
      { type: 'order.placed', sequence: 1 },
      { type: 'order.paid', sequence: 2, data: { status: 'paid', total: euros(1200) } },
    ]);
  });

  test('payment.succeeded of another amount, or of a second payment, is refused for good', async () => {
    const payment = await placed();
    expect(await running.deliver(PaymentSucceeded(payment.paymentId, 2, { ...payment, amount: euros(1) }))).toBe('DROP');
    expect(await status(payment.orderId)).toBe('pending');
    await running.deliver(PaymentSucceeded(payment.paymentId, 2, payment));
    expect(await running.deliver(PaymentSucceeded('other', 2, { ...payment, paymentId: 'other' }))).toBe('DROP');
  });

  test('payment.succeeded that comes too early is to come again', async () => {
    const early = { orderId: 'not-yet', paymentId: 'pay', userId: ann.id, amount: euros(1200) };
    expect(await running.deliver(PaymentSucceeded('pay', 2, early))).toBe('RETRY');
  });

  test('malformed events, and versions that are not known, are refused for good', async () => {
    const payment = await placed();
    const event = PaymentSucceeded(payment.paymentId, 2, payment);
    expect(await running.deliver({ ...event, data: { orderId: payment.orderId } })).toBe('DROP');
    expect(await running.deliver({ ...event, version: 2 })).toBe('DROP');
    expect(await running.deliver({ ...PaymentFailed(payment.paymentId, 2, { ...payment, code: 'x' }), data: {} })).toBe('DROP');
    expect(await running.deliver({ ...PaymentRefunded(payment.paymentId, 2, payment), data: {} })).toBe('DROP');
    expect(await running.deliver({ ...InventoryShort('r', 1, { reference: 'r', lines: [{ sku: 's', quantity: 1 }] }), data: {} })).toBe(
      'DROP',
    );
    expect(await status(payment.orderId)).toBe('pending');
  });

  test('payment.failed is remembered once and leaves the order to be paid', async () => {
    const payment = await placed();
    const event = PaymentFailed(payment.paymentId, 2, { ...payment, code: 'card_declined' });
    expect([await running.deliver(event), await running.deliver(event)]).toEqual(['SUCCESS', 'SUCCESS']);
    const { body } = await get(`/api/orders/${payment.orderId}/history`);
    expect(body.failedPayments).toMatchObject([{ paymentId: payment.paymentId, code: 'card_declined' }]);
    expect(await status(payment.orderId)).toBe('pending');
  });

  test('a payment for a cancelled order is only remembered, and its refund makes the order refunded, once', async () => {
    const payment = await placed();
    await cancel(payment.orderId);
    expect(await running.deliver(PaymentSucceeded(payment.paymentId, 2, payment))).toBe('SUCCESS');
    expect(await status(payment.orderId)).toBe('cancelled');
    const refunded = PaymentRefunded(payment.paymentId, 4, payment);
    expect([await running.deliver(refunded), await running.deliver(refunded)]).toEqual(['SUCCESS', 'SUCCESS']);
    expect(await status(payment.orderId)).toBe('refunded');
    expect(await eventsOf(payment.orderId)).toEqual(['order.placed', 'order.cancelled', 'order.refunded']);
  });

  test('payment.refunded may come before payment.succeeded, but not before the cancellation', async () => {
    const payment = await placed();
    const refunded = PaymentRefunded(payment.paymentId, 4, payment);
    expect(await running.deliver(refunded)).toBe('RETRY');
    await cancel(payment.orderId);
    expect(await running.deliver({ ...refunded, data: { ...payment, amount: euros(1) } })).toBe('DROP');
    expect(await running.deliver(refunded)).toBe('SUCCESS');
    expect(await running.deliver(PaymentSucceeded(payment.paymentId, 2, payment))).toBe('SUCCESS');
    expect(await status(payment.orderId)).toBe('refunded');
  });

  test('inventory.short cancels a paid order, once; for an order that is not there it is to come again', async () => {
    const payment = await placed();
    await running.deliver(PaymentSucceeded(payment.paymentId, 2, payment));
    const short = (reference: string) => InventoryShort(reference, 1, { reference, lines: [{ sku: 'mug', quantity: 1 }] });
    expect([await running.deliver(short(payment.orderId)), await running.deliver(short(payment.orderId))]).toEqual(['SUCCESS', 'SUCCESS']);
    expect((await get(`/api/orders/${payment.orderId}`)).body).toMatchObject({ status: 'cancelled', reason: 'out of stock' });
    expect(await eventsOf(payment.orderId)).toEqual(['order.placed', 'order.paid', 'order.cancelled']);
    expect(await running.deliver(short('not-yet'))).toBe('RETRY');
  });
});

describe('an account', () => {
  const owner = () => ({ userId: ann.id, email: ann.email, name: ann.name, locale: 'en' });
  const suspended = (version: number) => UserSuspended(ann.id, version, owner());
  const reinstated = (version: number) => UserReinstated(ann.id, version, { userId: ann.id });

  test('that is suspended orders nothing from then on, until it is reinstated', async () => {
    const paid = await placed();
    expect([await running.deliver(suspended(2)), await running.deliver(suspended(2))]).toEqual(['SUCCESS', 'SUCCESS']);
    const reserved = shop.reservations.size;
    for (const body of [{}, { items: [{ sku: 'mug', quantity: 1 }] }]) {
      shop.fillCart(ann.id);
      expectProblem(await submit(body), 403, 'account-suspended');
    }
    expect(shop.reservations.size).toBe(reserved);
    expect((await get(`/api/orders/${paid.orderId}`)).status).toBe(200);
    await running.deliver(reinstated(3));
    expect((await submit()).status).toBe(201);
  });

  test('is what the newest event says, in whatever order they come', async () => {
    await running.deliver(reinstated(3));
    await running.deliver(suspended(2));
    expect((await placed()).orderId).toEqual(expect.any(String));
    await running.deliver(UserDeleted(ann.id, 4, { userId: ann.id }));
    await running.deliver(reinstated(3));
    shop.fillCart(ann.id);
    expectProblem(await submit(), 403, 'account-suspended');
    expect(await running.deliver({ ...suspended(5), data: {} })).toBe('DROP');
  });

  test('whose address is not proved may order, unless the settings say otherwise', async () => {
    const bea = aUser({ id: 'bea', verified: false });
    const items = [{ sku: 'mug', quantity: 1 }];
    expect((await submit({ items }, { as: bea })).status).toBe(201);
    const strict = await startApp('orders', Settings.parse({ REQUIRE_VERIFIED: 'orders' }), (deps) =>
      createApp({ ...deps, now: () => now, ...shop.neighbours }),
    );
    try {
      expectProblem(await strict.request('POST', '/api/orders', { items }, { as: bea }), 403, 'address-not-verified');
      expect((await strict.request('POST', '/api/orders', { items }, { as: { ...bea, verified: true } })).status).toBe(201);
    } finally {
      await strict.close();
    }
  });
});

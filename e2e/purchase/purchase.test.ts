import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ownCombination, type Combination } from '@sidecart/runner/combination';
import { HIGH_LIMITS, startShop, type Shop } from '@sidecart/runner/shop';
import { until } from '@sidecart/runner/until';
import { aCustomer, client, signIn, type Ask, type Customer } from '../support/api.js';
import { ledgerOf, someGoods, stockOf, type Goods } from '../support/goods.js';

/** In seconds. Longer than a broker waits before it delivers a lost event again. */
const EVENTUALLY = 60;

/** Short, because one test waits for it, but long enough for all others to pay in time. */
const PAYMENT_MINUTES = '1.5';

/** The 200 concurrent buyers are ten customers with up to twenty unpaid orders each. */
const MAX_UNPAID_ORDERS = '20';

/** A PNG of one pixel. */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

let folder: string;
let combination: Combination;
let shop: Shop;
let admin: Ask;
let ann: Customer;
let forgotten: { orderId: string; goods: Goods };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidecart-shop-'));
  combination = await ownCombination();
  const { state, pubsub } = combination;
  const env = { ...HIGH_LIMITS, PAYMENT_MINUTES, MAX_UNPAID_ORDERS };
  shop = await startShop({ folder, ...(state && { state }), ...(pubsub && { pubsub }), env });
  admin = await signIn(shop.edge, shop.system.admin);
  ann = await aCustomer(shop.edge, 'ann');
  const goods = await someGoods(admin, 'FORGOTTEN', 5);
  const { body } = await order(ann, goods, 2);
  forgotten = { orderId: body.id, goods };
}, 180_000);

afterAll(async () => {
  await shop?.stop();
  await combination?.drop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

const order = ({ ask }: Customer, { sku }: Goods, quantity: number, key: string = crypto.randomUUID()) =>
  ask('POST', '/api/orders', { items: [{ sku, quantity }] }, { 'idempotency-key': key });
const pay = ({ ask }: Customer, orderId: string, paymentMethodId = 'pm_card_visa') =>
  ask('POST', '/api/payments', { orderId, paymentMethodId });
const becomes = ({ ask }: Customer, orderId: string, status: string, seconds = EVENTUALLY) =>
  until(`order ${orderId} is ${status}`, seconds, async () => (await ask('GET', `/api/orders/${orderId}`)).body.status === status);
const counts = (sku: string, onHand: number, held: number) =>
  until(`${sku} has ${onHand} on hand and ${held} held`, EVENTUALLY, async () => {
    const count = await stockOf(admin, sku);
    return count.onHand === onHand && count.held === held;
  });
async function mailsTo(email: string): Promise<string[]> {
  const { body } = await client(shop.mails)('GET', `/api/messages?to=${encodeURIComponent(email)}`);
  return body.data.map(({ subject }: { subject: string }) => subject);
}

describe('on any combination', () => {
  test('a guest fills a cart, signs in, orders and pays; the stock goes down and the mails arrive', async () => {
    const goods = await someGoods(admin, 'FIRST', 10);
    const session = { 'x-cart-session-id': crypto.randomUUID() };
    const guest = client(shop.edge);
    expect((await guest('POST', '/api/cart/items', { sku: goods.sku, quantity: 2 }, session)).status).toBeLessThan(300);
    await counts('FIRST', 10, 2);
    const bob = await aCustomer(shop.edge, 'bob');
    expect((await bob.ask('POST', '/api/cart/merge', {}, session)).status).toBe(200);
    const cart = (await bob.ask('GET', '/api/cart')).body;
    expect(cart).toMatchObject({
      items: [{ sku: 'FIRST', productId: goods.productId, quantity: 2 }],
      subtotal: { amount: 2_000, currency: 'EUR' },
    });

    const placed = await bob.ask('POST', '/api/orders', {}, { 'idempotency-key': 'first-order' });
    expect(placed.status).toBe(201);
    expect(placed.body).toMatchObject({ status: 'pending', subtotal: { amount: 2_000 }, tax: { amount: 400 }, total: { amount: 2_400 } });
    const paid = await pay(bob, placed.body.id);
    expect([paid.status, paid.body.status]).toEqual([201, 'succeeded']);
    await becomes(bob, placed.body.id, 'paid');
    await counts('FIRST', 8, 0);
    await until('the cart is empty', EVENTUALLY, async () => (await bob.ask('GET', '/api/cart')).body.items.length === 0);
    await until('four mails arrived', 30, async () => (await mailsTo(bob.email)).length === 4);
    expect(await mailsTo(bob.email)).toEqual(expect.arrayContaining(['Welcome', 'Verify your email address']));
    expect((await ledgerOf(admin, 'FIRST')).map(({ type, quantity }) => [type, quantity])).toEqual([
      ['receive', 10],
      ['sale', -2],
    ]);
  }, 90_000);

  test('200 concurrent buyers of 50 pieces get exactly 50 paid orders, and the stock is 0', async () => {
    const goods = await someGoods(admin, 'RUSH', 50);
    const customers = await Promise.all(Array.from({ length: 10 }, (_, i) => aCustomer(shop.edge, `buyer-${i}`)));
    const results = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const buyer = customers[i % customers.length] ?? ann;
        const placed = await order(buyer, goods, 1);
        if (placed.status !== 201) return placed.status;
        expect((await pay(buyer, placed.body.id)).body.status).toBe('succeeded');
        await becomes(buyer, placed.body.id, 'paid');
        return placed.status;
      }),
    );
    expect(results.filter((status) => status === 201)).toHaveLength(50);
    expect(results.filter((status) => status === 409)).toHaveLength(150);
    await counts('RUSH', 0, 0);
    expect(await ledgerOf(admin, 'RUSH')).toHaveLength(51);
  }, 120_000);
});

test('a forgotten password is reset with the mailed code, and the old password stops working', async () => {
  const { email } = await aCustomer(shop.edge, 'forgetful');
  const anyone = client(shop.edge);
  expect((await anyone('POST', '/api/auth/password-reset', { email })).status).toBe(202);
  const code = await until('the code is mailed', 30, async () => {
    const { body } = await client(shop.mails)('GET', `/api/messages?to=${encodeURIComponent(email)}`);
    const mail = body.data.find(({ subject }: { subject: string }) => subject === 'Reset your password');
    return /\b\d{6}\b/.exec(String(mail?.text))?.[0];
  });
  const password = 'eight red bicycles';
  expect((await anyone('POST', '/api/auth/password-reset/confirm', { email, code, password })).status).toBe(204);
  expect((await anyone('POST', '/api/auth/login', { email, password: 'seven green bicycles' })).status).toBe(401);
  expect((await anyone('POST', '/api/auth/login', { email, password })).status).toBe(200);
  await until('the owner is notified', 30, async () => (await mailsTo(email)).includes('Your password was changed'));
}, 90_000);

test('an order can be paid with another card after one is declined', async () => {
  const goods = await someGoods(admin, 'DECLINED', 1);
  const { body } = await order(ann, goods, 1);
  const declined = await pay(ann, body.id, 'pm_card_chargeDeclined');
  expect(declined).toMatchObject({ status: 201, body: { status: 'failed', failure: { code: 'card_declined' } } });
  expect((await ann.ask('GET', `/api/orders/${body.id}`)).body.status).toBe('pending');
  expect((await pay(ann, body.id)).body.status).toBe('succeeded');
  await becomes(ann, body.id, 'paid');
}, 90_000);

test('a payment that the signed webhook confirms later pays the order', async () => {
  const goods = await someGoods(admin, 'LATER', 1);
  const { body } = await order(ann, goods, 1);
  expect((await pay(ann, body.id, 'pm_usBankAccount_success')).body.status).toBe('processing');
  await becomes(ann, body.id, 'paid');
  expect((await client(shop.edge)('POST', '/api/payments/webhook', { forged: true }, { 'stripe-signature': 't=1,v1=00' })).status).toBe(
    400,
  );
}, 90_000);

test('cancelling an order releases its stock, and cancelling it twice is refused', async () => {
  const goods = await someGoods(admin, 'CANCELLED', 3);
  const { body } = await order(ann, goods, 3);
  expect((await order(ann, goods, 1)).status).toBe(409);
  expect((await ann.ask('POST', `/api/orders/${body.id}/cancel`, {})).body.status).toBe('cancelled');
  await counts('CANCELLED', 3, 0);
  expect((await ann.ask('POST', `/api/orders/${body.id}/cancel`, {})).status).toBe(409);
  expect((await pay(ann, body.id)).status).toBe(409);
}, 90_000);

test('a repeated Idempotency-Key returns the same order and reserves once', async () => {
  const goods = await someGoods(admin, 'REPEATED', 10);
  const answers = await Promise.all(Array.from({ length: 10 }, () => order(ann, goods, 1, 'same-key-again')));
  expect(new Set(answers.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1);
  expect(answers[0]?.status).toBe(201);
  await counts('REPEATED', 10, 1);
  expect((await order(ann, goods, 2, 'same-key-again')).status).toBe(409);
}, 90_000);

test('submitting one cart five times places one order', async () => {
  const goods = await someGoods(admin, 'SUBMITTED', 10);
  const carl = await aCustomer(shop.edge, 'carl');
  await carl.ask('POST', '/api/cart/items', { sku: goods.sku, quantity: 1 });
  const answers = await Promise.all(Array.from({ length: 5 }, () => carl.ask('POST', '/api/orders', {})));
  const placed = answers.filter(({ status }) => status === 201);
  // A submit that arrives after the order's event finds the cart empty.
  for (const late of answers.filter(({ status }) => status !== 201))
    expect(late).toMatchObject({ status: 409, body: { type: expect.stringMatching(/\/cart-empty$/) } });
  const orders = (await carl.ask('GET', '/api/orders')).body.data;
  expect(orders).toHaveLength(1);
  expect(new Set(placed.map(({ body }) => body.id))).toEqual(new Set([orders[0].id]));
  await counts('SUBMITTED', 10, 1);
}, 90_000);

test('only the customer whose cart holds the last piece can order it directly', async () => {
  const goods = await someGoods(admin, 'ASIDE-FOR-HAL', 1);
  const hal = await aCustomer(shop.edge, 'hal');
  expect((await hal.ask('POST', '/api/cart/items', { sku: goods.sku, quantity: 1 })).status).toBeLessThan(300);
  await counts('ASIDE-FOR-HAL', 1, 1);
  expect(await order(ann, goods, 1)).toMatchObject({
    status: 409,
    body: { lines: [{ sku: 'ASIDE-FOR-HAL', requested: 1, available: 0 }] },
  });
  const placed = await order(hal, goods, 1);
  expect(placed).toMatchObject({ status: 201, body: { status: 'pending', cart: null } });
  await counts('ASIDE-FOR-HAL', 1, 1);
  expect((await hal.ask('GET', '/api/cart')).body.items).toHaveLength(1);
  expect((await pay(hal, placed.body.id)).body.status).toBe('succeeded');
  await counts('ASIDE-FOR-HAL', 0, 0);
}, 90_000);

test('bad input gets field errors, and nothing is reserved', async () => {
  const goods = await someGoods(admin, 'REFUSED', 2);
  const unknown = await ann.ask('POST', '/api/orders', { items: [{ sku: goods.sku, quantity: 0 }], total: 1 });
  expect(unknown.body.errors.map(({ field }: { field: string }) => field).toSorted()).toEqual(['items.0.quantity', 'total']);
  const short = await order(ann, goods, 3);
  expect(short).toMatchObject({ status: 409, body: { lines: [{ sku: 'REFUSED', requested: 3, available: 2 }] } });
  const vanished = await ann.ask('POST', '/api/orders', {
    items: [
      { sku: goods.sku, quantity: 1 },
      { sku: 'vanished', quantity: 1 },
    ],
  });
  expect(vanished).toMatchObject({ status: 409, body: { lines: [{ sku: 'vanished' }] } });
  const empty = await (await aCustomer(shop.edge, 'dora')).ask('POST', '/api/orders', {});
  expect([empty.status, (await client(shop.edge)('POST', '/api/orders', {})).status]).toEqual([409, 401]);
  await counts('REFUSED', 2, 0);
}, 90_000);

test('a customer cannot see or change the orders and payments of others', async () => {
  const goods = await someGoods(admin, 'PRIVATE', 1);
  const { body } = await order(ann, goods, 1);
  const payment = (await pay(ann, body.id)).body;
  const eve = await aCustomer(shop.edge, 'eve');
  for (const path of [`/api/orders/${body.id}`, `/api/orders/${body.id}/history`, `/api/payments/${payment.id}`]) {
    expect([path, (await eve.ask('GET', path)).status]).toEqual([path, 404]);
  }
  expect((await eve.ask('POST', `/api/orders/${body.id}/cancel`, {})).status).toBe(404);
  expect((await pay(eve, body.id)).status).toBe(404);
}, 90_000);

test('internal routes cannot be reached through the edge or without the app token', async () => {
  for (const path of ['/internal/reserve', '/events/order.paid', '/dapr/subscribe', '/cron']) {
    expect([path, (await client(shop.edge)('POST', path, {})).status]).toEqual([path, 404]);
    expect([path, (await client(shop.system.urls.inventory ?? '')('POST', path, {})).status]).toEqual([path, 404]);
  }
});

test('the app token of one service does not open internal routes of another', async () => {
  const statusOf = async (url: string, token: string | undefined) => {
    const headers = { 'content-type': 'application/json', 'dapr-api-token': token ?? '' };
    return (await fetch(url, { method: 'POST', headers, body: JSON.stringify({ inputs: [] }) })).status;
  };
  const { urls, tokens } = shop.system;
  for (const app of Object.keys(tokens).filter((app) => app !== 'inventory')) {
    expect([app, await statusOf(`${urls['inventory']}/internal/stock`, tokens[app]?.APP_API_TOKEN)]).toEqual([app, 404]);
  }
  expect(await statusOf(`${urls['inventory']}/internal/stock`, tokens['inventory']?.APP_API_TOKEN)).not.toBe(404);
});

test('an unpaid order is cancelled after its deadline, and its stock is released', async () => {
  await becomes(ann, forgotten.orderId, 'cancelled', 200);
  await counts('FORGOTTEN', 5, 0);
  const { body } = await ann.ask('GET', `/api/orders/${forgotten.orderId}/history`);
  expect(body.data.at(-1)).toMatchObject({ state: 'life', from: 'open', to: 'cancelled', reason: expect.stringMatching(/deadline/) });
}, 240_000);

test('deleting an account removes its picture, its holds and its address from mails', async () => {
  const goods = await someGoods(admin, 'ASIDE', 5);
  const { ask, accessToken, password, email, userId } = await aCustomer(shop.edge, 'gus');
  const body = new FormData();
  body.append('picture', new Blob([Buffer.from(PIXEL, 'base64')]), 'me.png');
  const headers = { authorization: `Bearer ${accessToken}` };
  expect((await fetch(`${shop.edge}/api/users/me/picture`, { method: 'PUT', headers, body })).status).toBe(200);
  const { picture } = (await ask('GET', '/api/users/me')).body;
  expect((await fetch(shop.edge + picture)).headers.get('content-type')).toBe('image/webp');
  await ask('POST', '/api/cart/items', { sku: goods.sku, quantity: 2 });
  await counts('ASIDE', 5, 2);
  const mailed = async () => (await admin('GET', '/api/notifications/emails?limit=100')).body.data.map(({ to }: { to: string }) => to);
  await until('the mails are recorded', 30, async () => (await mailed()).filter((to: string) => to === email).length >= 2);

  expect((await ask('DELETE', '/api/users/me', { password })).status).toBe(204);
  expect((await fetch(shop.edge + picture)).status).toBe(404);
  await counts('ASIDE', 5, 0);
  await until('no mail has the address any more', 30, async () => !(await mailed()).includes(email));
  expect((await admin('GET', `/api/users?q=${email.split('@')[0]}`)).body.total).toBe(0);
  expect((await admin('GET', `/api/users/${userId}/audit`)).body.data).toMatchObject([{ what: 'user.deleted', by: userId }]);
});

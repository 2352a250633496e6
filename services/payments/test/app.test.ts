import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createLogger } from '@sidecart/chassis/logger';
import type { App } from '@sidecart/chassis/service';
import type { Store } from '@sidecart/chassis/store';
import { DomainError } from '@sidecart/chassis/errors';
import { UserReinstated, UserSuspended } from '@sidecart/contracts/identity';
import { OrderCancelled, type OrderSnapshot } from '@sidecart/contracts/orders';
import { CloseIntent } from '@sidecart/contracts/payments';
import { until } from '@sidecart/runner/until';
import { startApp, type Answer, type TestApp } from '@sidecart/testing/app';
import { anOrder } from '@sidecart/testing/builders';
import { expectWarning } from '@sidecart/testing/noise';
import { aUser } from '@sidecart/testing/tokens';
import { Stripe } from 'stripe';
import { createApp } from '../src/app.js';
import type { CashierOptions } from '../src/cashier.js';
import { createSimulated } from '../src/simulated.js';
import { createLedger } from './ledger.js';

const MINUTE_MS = 60_000;
const VISA = 'pm_card_visa';
const DECLINED = 'pm_card_chargeDeclined';
const BANK = 'pm_usBankAccount_success';
const secret = 'a secret of this test';
const total = { amount: 1200, currency: 'EUR' };
const ann = aUser();

let running: TestApp;
let app: App;
let ledger: ReturnType<typeof createLedger>;
let orders: Map<string, Awaited<ReturnType<CashierOptions['orderDue']>>>;
let orderId: string;
let count = 0;
let now: Date;
/** The n-th transaction from now on is the last thing before a crash: it does not happen. */
let crashAt = 0;
/** Orders answers what is due once this is resolved. */
let gate: Promise<unknown>;
let asked = 0;

beforeAll(async () => {
  running = await startApp('payments', {}, ({ store, logger }) => {
    const crashing: Store = {
      ...store,
      transact: (keys, change) => (--crashAt === 0 ? Promise.reject(new Error('crashed')) : store.transact(keys, change)),
    };
    app = createApp({
      store: crashing,
      logger,
      now: () => now,
      orderDue: async ({ orderId }) => {
        asked++;
        await gate;
        const due = orders.get(orderId);
        if (!due) throw new DomainError('missing', 'not-found', 'The order was not found.');
        return due;
      },
      provider: {
        accepts: (method) => ledger.provider.accepts(method),
        charge: (payment) => ledger.provider.charge(payment),
        retrieve: (reference) => ledger.provider.retrieve(reference),
        refund: (payment) => ledger.provider.refund(payment),
        verifyWebhook: (body, signature) => ledger.provider.verifyWebhook(body, signature),
        close: () => ledger.provider.close(),
      },
    });
    return app;
  });
}, 60_000);

afterAll(() => running?.close());

beforeEach(() => {
  now = new Date(Date.now() + ++count * 10 * MINUTE_MS); // minutes that no test before has drained
  crashAt = 0;
  gate = Promise.resolve();
  asked = 0;
  ledger = createLedger(simulated(60_000));
  orderId = `order-${count}`;
  orders = new Map([[orderId, { orderId, userId: ann.id, status: 'pending', total, payBy: in30Minutes() }]]);
});

afterEach(() => ledger.provider.close());

const in30Minutes = () => new Date(now.getTime() + 30 * MINUTE_MS).toISOString();

function simulated(delayMs: number) {
  const logger = createLogger('test');
  logger.level = 'silent';
  return createSimulated({ secret, webhookUrl: `${running.url}/api/payments/webhook`, logger, delayMs });
}

const pay = (paymentMethodId = VISA, { key, as = ann }: { key?: string; as?: typeof ann } = {}) =>
  running.request(
    'POST',
    '/api/payments',
    { orderId, paymentMethodId },
    { as, headers: key === undefined ? {} : { 'idempotency-key': key } },
  );
const get = (path: string, as = ann) => running.request('GET', path, undefined, { as });
const statusOf = async (id: string) => (await get(`/api/payments/${id}`)).body.status;
const succeededCharges = () => [...ledger.charges.values()].filter(({ status }) => status === 'succeeded');

function expectProblem({ status, body }: Answer, expected: number, slug: string): void {
  expect({ status, type: body.type }).toEqual({ status: expected, type: expect.stringMatching(new RegExp(`/${slug}$`)) });
}

/** All events about this test's order so far: those of the changes before are published once that of a later one is. */
async function eventsOfOrder(): Promise<string[]> {
  const last = `last-of-${orderId}`;
  orders.set(last, { orderId: last, userId: ann.id, status: 'pending', total, payBy: in30Minutes() });
  const body = { orderId: last, paymentMethodId: VISA };
  const { body: payment } = await running.request('POST', '/api/payments', body, { as: ann });
  await until('the last event', 5, async () => running.published.some(({ subject }) => subject === payment.id));
  return running.published.filter(({ data }) => JSON.stringify(data).includes(`"${orderId}"`)).map(({ type }) => type);
}

const cancelled = (change: Partial<OrderSnapshot> = {}) =>
  OrderCancelled(
    orderId,
    2,
    anOrder({
      orderId,
      status: 'cancelled',
      life: 'cancelled',
      buyer: { userId: ann.id, email: ann.email, name: ann.name },
      total,
      ...change,
    }),
  );

describe('paying an order', () => {
  test('takes the money, answers the payment and tells it', async () => {
    const { status, body } = await pay();
    expect(status).toBe(201);
    expect(body).toMatchObject({ orderId, amount: total, paymentMethodId: VISA, status: 'succeeded', failure: null });
    expect(await eventsOfOrder()).toEqual(['payment.succeeded']);
    const event = running.published.find(({ subject }) => subject === body.id);
    expect(event).toMatchObject({ sequence: 2, data: { paymentId: body.id, orderId, userId: ann.id, amount: total } });
    expect((await get(`/api/payments/${body.id}`)).body).toEqual(body);
    expect((await get(`/api/payments?orderId=${orderId}`)).body).toEqual({ data: [body], next: null });
  });

  test('with a declined card answers a failed payment, and leaves the order to a better card', async () => {
    const first = await pay(DECLINED);
    expect(first).toMatchObject({ status: 201, body: { status: 'failed', failure: { code: 'card_declined' } } });
    const second = await pay('pm_card_chargeDeclinedInsufficientFunds');
    const third = await pay(VISA);
    expect([second.body.status, third.body.status]).toEqual(['failed', 'succeeded']);
    expect((await get(`/api/payments?orderId=${orderId}`)).body.data).toEqual([third.body, second.body, first.body]);
    expect(await eventsOfOrder()).toEqual(['payment.failed', 'payment.failed', 'payment.succeeded']);
  });

  test('is one payment for a double click, and refused for any other once that has succeeded', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => pay()));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(answers.map(({ status, body }) => [status, body.status])).toEqual(answers.map(() => [201, 'succeeded']));
    expect(succeededCharges()).toHaveLength(1);
    expectProblem(await pay(BANK), 409, 'order-not-payable');
    expectProblem(await pay(VISA, { key: `key-${orderId}` }), 409, 'order-not-payable');
    expect(ledger.charges.size).toBe(1);
    expect(await eventsOfOrder()).toEqual(['payment.succeeded']);
  });

  test('with two keys at once makes one charge', async () => {
    const answers = await Promise.all([pay(VISA, { key: 'key-one-1' }), pay(VISA, { key: 'key-two-2' })]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409]);
    expect(ledger.charges.size).toBe(1);
    expect(await eventsOfOrder()).toEqual(['payment.succeeded']);
  });

  test('with the same key again answers the same payment, also when the order is paid by then', async () => {
    const key = `key-${orderId}`;
    const [first, twin] = await Promise.all([pay(VISA, { key }), pay(VISA, { key })]);
    orders.set(orderId, { orderId, userId: ann.id, status: 'paid', total, payBy: in30Minutes() });
    const again = await pay(VISA, { key });
    for (const { status, body } of [twin, again]) expect({ status, body }).toEqual({ status: 201, body: first.body });
    expect(ledger.charges.size).toBe(1);
    expectProblem(await pay(DECLINED, { key }), 409, 'idempotency-key-reused');
  });

  test('with a key that failed while the same request was on its way answers that failure', async () => {
    const key = `key-${orderId}`;
    let open: (value?: unknown) => void = () => undefined;
    gate = new Promise((resolve) => (open = resolve));
    const slow = pay(DECLINED, { key });
    await until('the slow request', 5, async () => asked === 1);
    gate = Promise.resolve();
    const quick = await pay(DECLINED, { key });
    open();
    expect((await slow).body).toEqual(quick.body);
    expect(await eventsOfOrder()).toEqual(['payment.failed']);
  });

  test('waits for a payment that is under way', async () => {
    await pay(BANK, { key: `key-${orderId}` });
    expectProblem(await pay(VISA), 409, 'payment-in-progress');
    expectProblem(await pay(VISA, { key: `other-${orderId}` }), 409, 'payment-in-progress');
    expect(ledger.charges.size).toBe(1);
  });

  test('with another method than that of the click before is refused while that is under way', async () => {
    const first = await pay(BANK);
    expectProblem(await pay(VISA), 409, 'payment-in-progress');
    expect((await pay(BANK)).body).toMatchObject({ id: first.body.id, status: 'processing' });
  });

  test('is tried twenty times at the most', async () => {
    for (let n = 0; n < 20; n++) expect((await pay(DECLINED)).body.status).toBe('failed');
    expectProblem(await pay(VISA), 409, 'too-many-attempts');
  });

  test('refuses orders that are not there, another’s, or not to be paid', async () => {
    expectProblem(await pay(VISA, { as: aUser({ id: 'bob' }) }), 404, 'not-found');
    const due = { orderId, userId: ann.id, status: 'pending' as const, total, payBy: in30Minutes() };
    orders.set(orderId, { ...due, status: 'cancelled' });
    expectProblem(await pay(), 409, 'order-not-payable');
    orders.set(orderId, { ...due, payBy: now.toISOString() });
    expectProblem(await pay(), 409, 'order-not-payable');
    orders.clear();
    expectProblem(await pay(), 404, 'not-found');
    expect(ledger.charges.size).toBe(0);
  });

  test.each([
    ['an unknown payment method', { paymentMethodId: 'pm_card_mystery' }, 'paymentMethodId'],
    ['a payment method that cannot be one', { paymentMethodId: 'pm card' }, 'paymentMethodId'],
    ['an amount', { amount: 1 }, 'amount'],
    ['no order', { orderId: undefined }, 'orderId'],
  ])('refuses %s', async (_, change, field) => {
    const answer = await running.request('POST', '/api/payments', { orderId, paymentMethodId: VISA, ...change }, { as: ann });
    expectProblem(answer, 400, 'validation-failed');
    expect(answer.body.errors).toMatchObject([{ field }]);
    expect((await get(`/api/payments?orderId=${orderId}`)).body.data).toEqual([]);
  });

  test('is for whoever is signed in', async () => {
    expect((await running.request('POST', '/api/payments', { orderId, paymentMethodId: VISA })).status).toBe(401);
  });
});

test('payments are shown to their owner and to staff of payments, and to nobody else', async () => {
  const { body } = await pay();
  const [bob, sue] = [aUser({ id: 'bob' }), aUser({ id: 'sue', role: 'staff', permissions: ['payments'] })];
  expect((await get(`/api/payments/${body.id}`, sue)).body).toEqual(body);
  expect((await get(`/api/payments?orderId=${orderId}`, sue)).body.data).toEqual([body]);
  const packer = aUser({ id: 'pat', role: 'staff', permissions: ['orders'] });
  for (const other of [bob, packer]) expectProblem(await get(`/api/payments/${body.id}`, other), 404, 'not-found');
  expect((await get(`/api/payments?orderId=${orderId}`, bob)).body.data).toEqual([]);
  expectProblem(await get('/api/payments/nothing'), 404, 'not-found');
});

describe('the webhook', () => {
  const intent = (paymentId: string, more: object = {}) => ({
    id: `pi_${paymentId}`,
    object: 'payment_intent',
    metadata: { paymentId },
    ...more,
  });
  const event = (type: string, object: object) => JSON.stringify({ id: 'evt_1', object: 'event', type, data: { object } });
  const sign = (payload: string, change: { secret?: string; timestamp?: number } = {}) =>
    Stripe.webhooks.generateTestHeaderString({ payload, secret, ...change });
  const post = (payload: string, signature = sign(payload)) =>
    running.request('POST', '/api/payments/webhook', payload, {
      headers: { 'content-type': 'application/json', 'stripe-signature': signature },
    });

  test('settles the bank debit that the provider tells of', async () => {
    ledger = createLedger(simulated(20));
    const { body } = await pay(BANK);
    expect(body.status).toBe('processing');
    await until('the debit', 5, async () => (await statusOf(body.id)) === 'succeeded');
    expect(await eventsOfOrder()).toEqual(['payment.succeeded']);
  });

  test('changes nothing when it comes again, or late with something else', async () => {
    const { body } = await pay(BANK);
    const told = event('payment_intent.succeeded', intent(body.id));
    for (let n = 0; n < 3; n++) expect(await post(told)).toMatchObject({ status: 200, body: { received: true } });
    expect((await post(event('payment_intent.payment_failed', intent(body.id)))).status).toBe(200);
    expect(await statusOf(body.id)).toBe('succeeded');
    expect(await eventsOfOrder()).toEqual(['payment.succeeded']);
  });

  test('of a failure names its code', async () => {
    const { body } = await pay(BANK);
    await post(
      event('payment_intent.payment_failed', intent(body.id, { last_payment_error: { code: 'payment_intent_payment_attempt_failed' } })),
    );
    expect((await get(`/api/payments/${body.id}`)).body).toMatchObject({
      status: 'failed',
      failure: { code: 'payment_intent_payment_attempt_failed' },
    });
    expect((await pay(VISA)).body.status).toBe('succeeded');
  });

  test('is refused with a signature of another secret, of other bytes, too old, or none', async () => {
    const { body } = await pay(BANK);
    const told = event('payment_intent.succeeded', intent(body.id));
    const tenMinutesAgo = Math.floor(Date.now() / 1000) - 600;
    for (const signature of [
      sign(told, { secret: 'another secret' }),
      sign(`${told} `),
      sign(told, { timestamp: tenMinutesAgo }),
      'nonsense',
    ])
      expectProblem(await post(told, signature), 400, 'bad-signature');
    expectProblem(await running.request('POST', '/api/payments/webhook', told), 400, 'validation-failed');
    expect(await statusOf(body.id)).toBe('processing');
  });

  test('ignores other events, and payments that are not of this shop', async () => {
    expect((await post(event('customer.created', { id: 'cus_1' }))).status).toBe(200);
    expect((await post(event('payment_intent.succeeded', intent('not-ours')))).status).toBe(200);
    expect((await post(event('payment_intent.succeeded', { ...intent('x'), metadata: {} }))).status).toBe(200);
  });
});

describe('after a crash', () => {
  async function lookAfter(minutes: number): Promise<void> {
    now = new Date(now.getTime() + minutes * MINUTE_MS);
    await app.onCron?.(now);
  }

  test('between the charge and its answer, a repeat finds out what became of it, and nothing is charged twice', async () => {
    const key = `key-${orderId}`;
    ledger.lose.charges = 1;
    expect((await pay(VISA, { key })).body.status).toBe('processing');
    expect((await pay(VISA, { key })).body.status).toBe('succeeded');
    expect(ledger.charges.size).toBe(1);
    expect(await eventsOfOrder()).toEqual(['payment.succeeded']);
  });

  test('between the answer and saving it, a second click finds out', async () => {
    expectWarning(/crashed/);
    crashAt = 2;
    expect((await pay()).status).toBe(500);
    expect(succeededCharges()).toHaveLength(1);
    expect((await pay()).body.status).toBe('succeeded');
    expect(ledger.charges.size).toBe(1);
  });

  test('between the answer and saving it, the deadline finds out, once', async () => {
    expectWarning(/crashed/);
    await lookAfter(0);
    crashAt = 2;
    expect((await pay()).status).toBe(500);
    await Promise.all([lookAfter(2), lookAfter(0)]);
    await lookAfter(2);
    expect((await get(`/api/payments?orderId=${orderId}`)).body.data).toMatchObject([{ status: 'succeeded' }]);
    expect(ledger.charges.size).toBe(1);
    expect(await eventsOfOrder()).toEqual(['payment.succeeded']);
  });

  test('a payment that takes long is looked after again and again, until it has come to an end', async () => {
    await lookAfter(0);
    const { body } = await pay(BANK);
    await lookAfter(2);
    expect(await statusOf(body.id)).toBe('processing');
    ledger.provider.retrieve = async (reference) => ({ reference, status: 'succeeded' });
    await lookAfter(4);
    expect(await statusOf(body.id)).toBe('succeeded');
    expect(await eventsOfOrder()).toEqual(['payment.succeeded']);
  });

  test('in the middle of a refund, the deadline completes it, once', async () => {
    await lookAfter(0);
    const { body } = await pay();
    await lookAfter(2);
    ledger.lose.refunds = 2;
    expect(await running.deliver(cancelled())).toBe('SUCCESS');
    await lookAfter(2);
    expect(await statusOf(body.id)).toBe('refunding');
    await lookAfter(5);
    expect(await statusOf(body.id)).toBe('refunded');
    expect(ledger.refunds).toEqual([body.id]);
    expect(await eventsOfOrder()).toEqual(['payment.succeeded', 'payment.refunded']);
  });
});

describe('order.cancelled', () => {
  test('gives back what was paid, once; delivered again it changes nothing', async () => {
    const { body } = await pay();
    expect(await Promise.all([running.deliver(cancelled()), running.deliver(cancelled())])).toEqual(['SUCCESS', 'SUCCESS']);
    expect(await running.deliver(cancelled())).toBe('SUCCESS');
    expect((await get(`/api/payments/${body.id}`)).body.history.map(({ to }: { to: string }) => to)).toEqual([
      'processing',
      'succeeded',
      'refunding',
      'refunded',
    ]);
    expect(ledger.refunds).toEqual([body.id]);
    expect(await eventsOfOrder()).toEqual(['payment.succeeded', 'payment.refunded']);
  });

  test('before any payment has every later one refused', async () => {
    expect(await running.deliver(cancelled())).toBe('SUCCESS');
    expectProblem(await pay(), 409, 'order-not-payable');
    expect(ledger.charges.size).toBe(0);
  });

  test('while a payment is under way has its money go back as soon as it comes, once', async () => {
    ledger = createLedger(simulated(20));
    ledger.lose.charges = 1;
    const { body } = await pay(BANK);
    expect(await running.deliver(cancelled())).toBe('SUCCESS');
    await until('the refund', 5, async () => (await statusOf(body.id)) === 'refunded');
    expect(ledger.refunds).toEqual([body.id]);
    expect(await eventsOfOrder()).toEqual(['payment.succeeded', 'payment.refunded']);
  });

  test('after a declined card has nothing to give back', async () => {
    const { body } = await pay(DECLINED);
    expect(await running.deliver(cancelled())).toBe('SUCCESS');
    expect(await statusOf(body.id)).toBe('failed');
    expect(ledger.refunds).toEqual([]);
    expect(await eventsOfOrder()).toEqual(['payment.failed']);
  });

  test('that is malformed, or of an unknown version, is refused for good', async () => {
    expect(await running.deliver({ ...cancelled(), data: { orderId } })).toBe('DROP');
    expect(await running.deliver({ ...cancelled(), version: 2 })).toBe('DROP');
    expect((await pay()).body.status).toBe('succeeded');
  });

  test('comes again when it could not be saved', async () => {
    crashAt = 1;
    expect(await running.deliver(cancelled())).toBe('RETRY');
    expect(await running.deliver(cancelled())).toBe('SUCCESS');
    expectProblem(await pay(), 409, 'order-not-payable');
  });
});

describe('the bill of an order that expires', () => {
  const close = (id = orderId) => running.call(CloseIntent, { orderId: id, userId: ann.id, total });

  test('is closed if nothing was paid, and refuses every later payment', async () => {
    for (let n = 0; n < 2; n++) expect(await close()).toEqual({ output: { status: 'closed' } });
    expectProblem(await pay(), 409, 'order-not-payable');
    expectProblem(await pay(VISA, { key: `key-${orderId}` }), 409, 'order-not-payable');
    expect(await running.deliver(cancelled())).toBe('SUCCESS');
    expect(ledger.charges.size).toBe(0);
  });

  test('is closed after a declined card', async () => {
    await pay(DECLINED);
    expect(await close()).toEqual({ output: { status: 'closed' } });
    expectProblem(await pay(), 409, 'order-not-payable');
  });

  test('stays open while a payment is processing, whose success then counts and is not refunded', async () => {
    ledger = createLedger(simulated(20));
    ledger.lose.charges = 1;
    const { body } = await pay(BANK);
    expect(await close()).toEqual({ output: { status: 'processing' } });
    await until('the debit', 5, async () => (await statusOf(body.id)) === 'succeeded');
    expect(await close()).toEqual({ output: { status: 'paid', paymentId: body.id, amount: total } });
    expect(ledger.refunds).toEqual([]);
    expect(await eventsOfOrder()).toEqual(['payment.succeeded']);
  });

  test('is either closed or paid when both are asked for at the same time', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const id = `${orderId}-${n}`;
        orders.set(id, { orderId: id, userId: ann.id, status: 'pending', total, payBy: in30Minutes() });
        const paying = running.request('POST', '/api/payments', { orderId: id, paymentMethodId: VISA }, { as: ann });
        const [{ status }, { output }] = await Promise.all([paying, close(id)]);
        return `${output?.status === 'closed' ? 'closed' : 'open'} ${status}`;
      }),
    );
    expect(outcomes.filter((outcome) => outcome !== 'closed 409' && outcome !== 'open 201')).toEqual([]);
    expect(succeededCharges()).toHaveLength(outcomes.filter((outcome) => outcome === 'open 201').length);
  });
});

test('an account that is suspended pays nothing from then on, until it is reinstated', async () => {
  const bea = aUser({ id: 'bea' });
  orders.set(orderId, { orderId, userId: bea.id, status: 'pending', total, payBy: in30Minutes() });
  await running.deliver(UserSuspended(bea.id, 2, { userId: bea.id, email: bea.email, name: bea.name, locale: 'en' }));
  expectProblem(await pay(VISA, { as: bea }), 403, 'account-suspended');
  expectProblem(await pay(VISA, { as: bea, key: 'key-of-bea' }), 403, 'account-suspended');
  expect(ledger.charges.size).toBe(0);
  await running.deliver(UserReinstated(bea.id, 3, { userId: bea.id }));
  expect((await pay(VISA, { as: bea })).body.status).toBe('succeeded');
});

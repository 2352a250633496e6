import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '@sidecart/runner/until';
import { problem } from '@sidecart/testing/problem';
import { Stripe } from 'stripe';
import { BANK, SECRET, startPayments, VISA, type PaymentsApp, type Shop } from './payments.js';

let payments: PaymentsApp;
let shop: Shop;

beforeAll(async () => {
  payments = await startPayments();
}, 60_000);

afterAll(() => payments?.close());

beforeEach(() => {
  shop = payments.renew();
});

afterEach(() => shop.ledger.provider.close());

const intent = (paymentId: string, more: object = {}) => ({
  id: `pi_${paymentId}`,
  object: 'payment_intent',
  metadata: { paymentId },
  ...more,
});
const event = (type: string, object: object) => JSON.stringify({ id: 'evt_1', object: 'event', type, data: { object } });
const sign = (payload: string, change: { secret?: string; timestamp?: number } = {}) =>
  Stripe.webhooks.generateTestHeaderString({ payload, secret: SECRET, ...change });
const post = (payload: string, signature = sign(payload)) =>
  payments.request('POST', '/api/payments/webhook', payload, {
    headers: { 'content-type': 'application/json', 'stripe-signature': signature },
  });

describe('the webhook', () => {
  test('makes a bank debit succeed', async () => {
    shop.quickDebits();
    const { body } = await payments.pay(BANK);
    expect(body.status).toBe('processing');
    await until('the debit', 5, async () => (await payments.statusOf(body.id)) === 'succeeded');
    expect(await payments.eventsOfOrder()).toEqual(['payment.succeeded']);
  });

  test('changes nothing if it is repeated, or arrives later with another outcome', async () => {
    const { body } = await payments.pay(BANK);
    const succeeded = event('payment_intent.succeeded', intent(body.id));
    for (let n = 0; n < 3; n++) expect(await post(succeeded)).toMatchObject({ status: 200, body: { received: true } });
    expect((await post(event('payment_intent.payment_failed', intent(body.id)))).status).toBe(200);
    expect(await payments.statusOf(body.id)).toBe('succeeded');
    expect(await payments.eventsOfOrder()).toEqual(['payment.succeeded']);
  });

  test('records the code of a failure', async () => {
    const { body } = await payments.pay(BANK);
    const code = 'payment_intent_payment_attempt_failed';
    await post(event('payment_intent.payment_failed', intent(body.id, { last_payment_error: { code } })));
    expect((await payments.get(`/api/payments/${body.id}`)).body).toMatchObject({ status: 'failed', failure: { code } });
    expect((await payments.pay(VISA)).body.status).toBe('succeeded');
  });

  test('is refused if the signature is missing, too old, or made with another secret or of another body', async () => {
    const { body } = await payments.pay(BANK);
    const succeeded = event('payment_intent.succeeded', intent(body.id));
    const tenMinutesAgo = Math.floor(Date.now() / 1000) - 600;
    for (const signature of [
      sign(succeeded, { secret: 'another secret' }),
      sign(`${succeeded} `),
      sign(succeeded, { timestamp: tenMinutesAgo }),
      'nonsense',
    ])
      expect(await post(succeeded, signature)).toMatchObject(problem(400, 'bad-signature'));
    expect(await payments.request('POST', '/api/payments/webhook', succeeded)).toMatchObject(problem(400, 'validation-failed'));
    expect(await payments.statusOf(body.id)).toBe('processing');
  });

  test('ignores other events, and payments of other shops', async () => {
    expect((await post(event('customer.created', { id: 'cus_1' }))).status).toBe(200);
    expect((await post(event('payment_intent.succeeded', intent('not-ours')))).status).toBe(200);
    expect((await post(event('payment_intent.succeeded', { ...intent('x'), metadata: {} }))).status).toBe(200);
  });
});

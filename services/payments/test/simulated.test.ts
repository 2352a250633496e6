import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createLogger } from '@sidecart/chassis/logger';
import { until } from '@sidecart/runner/until';
import { createSimulated } from '../src/simulated.js';

const amount = { amount: 1200, currency: 'EUR' };
const secret = 'a secret of this test';
const received: { headers: IncomingHttpHeaders; body: Buffer }[] = [];
const server = createServer(async (req, res) => {
  received.push({ headers: req.headers, body: await buffer(req) });
  res.end('{}');
});

beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'));
afterAll(() => void server.close());

const open = () => {
  const logger = createLogger('test');
  logger.level = 'silent';
  const { port } = server.address() as AddressInfo;
  return createSimulated({ secret, webhookUrl: `http://127.0.0.1:${port}/`, logger, delayMs: 50 });
};

test.each([
  ['pm_card_visa', { status: 'succeeded' }],
  ['pm_card_chargeDeclined', { status: 'failed', code: 'card_declined' }],
  ['pm_card_chargeDeclinedInsufficientFunds', { status: 'failed', code: 'card_declined' }],
])('a charge to %s is answered at once, the same every time', async (method, outcome) => {
  const provider = open();
  const charge = () => provider.charge({ paymentId: `of-${method}`, amount, method });
  expect(await charge()).toEqual({ reference: `pi_of-${method}`, ...outcome });
  expect(await charge()).toEqual(await charge());
  expect(provider.accepts(method)).toBe(true);
});

test('knows no other payment methods', () => {
  for (const method of ['pm_card_unknown', 'constructor', '']) expect(open().accepts(method)).toBe(false);
});

test('a bank debit is processing until its one signed webhook tells that it succeeded', async () => {
  const provider = open();
  const charge = () => provider.charge({ paymentId: 'debit', amount, method: 'pm_usBankAccount_success' });
  expect(await Promise.all([charge(), charge()])).toEqual([1, 2].map(() => ({ reference: 'pi_debit', status: 'processing' })));
  expect(await provider.retrieve('pi_debit')).toEqual({ reference: 'pi_debit', status: 'processing' });
  await until('the webhook', 5, async () => received.length > 0);
  expect(await provider.retrieve('pi_debit')).toEqual({ reference: 'pi_debit', status: 'succeeded' });
  expect(received).toHaveLength(1);
  const [{ headers, body } = { headers: {}, body: Buffer.alloc(0) }] = received;
  const event = await provider.verifyWebhook(body, String(headers['stripe-signature']));
  expect(event).toEqual({ paymentId: 'debit', charge: { reference: 'pi_debit', status: 'succeeded' } });
});

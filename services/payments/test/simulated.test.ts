import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createLogger } from '@sidecart/chassis/logger';
import { until } from '@sidecart/runner/until';
import { euros } from '@sidecart/testing/builders';
import type { Provider } from '../src/provider.js';
import { createSimulated } from '../src/simulated.js';

const amount = euros(1200);
const secret = 'a secret of this test';
const received: { headers: IncomingHttpHeaders; body: Buffer }[] = [];
const server = createServer(async (req, res) => {
  received.push({ headers: req.headers, body: await buffer(req) });
  res.end('{}');
});

beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'));
afterAll(() => void server.close());

const opened: Provider[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((provider) => provider.close()));
});

const open = (webhookUrl = addressOf(server)) => {
  const logger = createLogger('test');
  logger.level = 'silent';
  const provider = createSimulated({ secret, webhookUrl, logger, delayMs: 50 });
  opened.push(provider);
  return provider;
};
const addressOf = (listening: Server) => `http://127.0.0.1:${(listening.address() as AddressInfo).port}/`;

test.each([
  ['pm_card_visa', { status: 'succeeded' }],
  ['pm_card_chargeDeclined', { status: 'failed', code: 'card_declined' }],
  ['pm_card_chargeDeclinedInsufficientFunds', { status: 'failed', code: 'card_declined' }],
])('a charge to %s has its outcome immediately, the same every time', async (method, outcome) => {
  const provider = open();
  const charge = () => provider.charge({ paymentId: `of-${method}`, amount, method });
  expect(await charge()).toEqual({ reference: `pi_of-${method}`, ...outcome });
  expect(await charge()).toEqual(await charge());
  expect(provider.accepts(method)).toBe(true);
});

test('accepts no other payment methods', () => {
  for (const method of ['pm_card_unknown', 'constructor', '']) expect(open().accepts(method)).toBe(false);
});

test('a bank debit is processing until its one signed webhook reports that it succeeded', async () => {
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

describe('closing the provider', () => {
  const debit = (provider: Provider) => provider.charge({ paymentId: 'debit', amount, method: 'pm_usBankAccount_success' });

  test('stops the timers of bank debits, and starts no new ones', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    try {
      const provider = open();
      const others = jest.getTimerCount();
      await debit(provider);
      expect(jest.getTimerCount()).toBe(others + 1);
      await provider.close();
      await debit(provider);
      expect(jest.getTimerCount()).toBe(others);
    } finally {
      jest.useRealTimers();
    }
  });

  test('ends the delivery of a webhook before it resolves', async () => {
    const requests: IncomingMessage[] = [];
    const silent = createServer((req) => void requests.push(req)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    try {
      const provider = open(addressOf(silent));
      await debit(provider);
      const request = await until('the webhook', 5, async () => requests[0]);
      await provider.close();
      await until('the connection to end', 2, async () => request?.socket.destroyed);
    } finally {
      silent.close();
      silent.closeAllConnections();
    }
  });
});

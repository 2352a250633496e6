import { once } from 'node:events';
import { describe, expect, jest, test } from '@jest/globals';
import { DomainError } from '@sidecart/chassis/errors';
import { createLogger } from '@sidecart/chassis/logger';
import type { Mail, Sms } from '@sidecart/contracts/notifications';
import { until } from '@sidecart/runner/until';
import { createMessages, type Clock } from '../../src/codes/messages.js';

const MINUTE_MS = 60_000;
const code = { template: 'second-factor', to: 'ann@example.com', name: 'Ann', userId: 'ann', code: '271828' } as const;
const text = { template: 'change-phone', to: '+4915112345678', userId: 'ann', code: '271828' } as const;
const away = () => new DomainError('unavailable', 'service-unavailable', 'notifications did not answer.');

/** A clock on which pauses take no time. */
function fastClock(): Clock & { pauses: number[] } {
  const pauses: number[] = [];
  let time = 0;
  return {
    pauses,
    now: () => time,
    async pause(ms) {
      pauses.push(ms);
      time += ms;
    },
  };
}

/** A clock that stands still. A pause ends only when it is aborted. */
const stillClock: Clock = {
  now: () => 0,
  async pause(_ms, signal) {
    if (!signal.aborted) await once(signal, 'abort');
  },
};

function messagesWith(send: (message: Mail | Sms) => Promise<unknown>, clock: Clock) {
  const logger = createLogger('identity');
  logger.level = 'silent';
  const lost = jest.spyOn(logger, 'error');
  return { lost, ...createMessages({ sendMail: send, sendSms: send, logger, clock, drainMs: 50 }) };
}

describe('while notifications is down', () => {
  test.each([code, text])('for five minutes, a message is retried until it is accepted, once: $template', async (message) => {
    const clock = fastClock();
    const tried: (Mail | Sms)[] = [];
    const taken: (Mail | Sms)[] = [];
    const { post, lost } = messagesWith(async (each) => {
      tried.push(each);
      if (clock.now() < 5 * MINUTE_MS) throw away();
      taken.push(each);
    }, clock);
    post(message);
    await until('the message is taken or lost', 5, async () => taken.length + lost.mock.calls.length > 0);
    expect(taken).toEqual([{ ...message, id: expect.any(String) }]);
    expect(new Set(tried.map(({ id }) => id)).size).toBe(1);
    expect(clock.pauses.slice(0, 5)).toEqual([500, 2_000, 8_000, 15_000, 15_000]);
  });

  test('for longer than a code is valid, its message is lost', async () => {
    const clock = fastClock();
    const { post, lost } = messagesWith(() => Promise.reject(away()), clock);
    post(code);
    await until('the message is lost', 5, async () => lost.mock.calls.length > 0);
    expect(lost).toHaveBeenCalledTimes(1);
    expect(clock.now()).toBeGreaterThan(14 * MINUTE_MS);
    expect(clock.now()).toBeLessThanOrEqual(15 * MINUTE_MS);
    expect(JSON.stringify(lost.mock.calls)).not.toContain(code.code);
  });

  test('at most a thousand messages wait', () => {
    const { post, lost } = messagesWith(() => Promise.reject(away()), stillClock);
    for (let n = 0; n < 1_000; n++) post(code);
    expect(lost).not.toHaveBeenCalled();
    post(code);
    expect(lost).toHaveBeenCalledTimes(1);
  });
});

test('does not retry a message that was refused', async () => {
  const clock = fastClock();
  const { post, drain, lost } = messagesWith(() => Promise.reject(new DomainError('invalid', 'validation-failed', 'No.')), clock);
  post(code);
  await drain();
  expect(lost).toHaveBeenCalledTimes(1);
  expect(clock.pauses).toEqual([]);
});

describe('when identity stops', () => {
  test('a waiting message is retried once more, without the pause', async () => {
    let isAway = true;
    const taken: (Mail | Sms)[] = [];
    const { post, drain, lost } = messagesWith(async (each) => {
      if (isAway) throw away();
      taken.push(each);
    }, stillClock);
    post(code);
    await new Promise(setImmediate);
    isAway = false;
    await drain();
    expect(taken).toHaveLength(1);
    expect(lost).not.toHaveBeenCalled();
  });

  test('a message that still cannot be sent is reported as lost', async () => {
    const send = jest.fn(() => Promise.reject(away()));
    const { post, drain, lost } = messagesWith(send, stillClock);
    post(code);
    await drain();
    expect(send).toHaveBeenCalledTimes(2);
    expect(lost).toHaveBeenCalledTimes(1);
  });

  test('a call without a response does not delay it', async () => {
    const { post, drain, lost } = messagesWith(() => new Promise(() => undefined), stillClock);
    post(code);
    await drain();
    expect(lost).toHaveBeenCalledTimes(1);
  });
});

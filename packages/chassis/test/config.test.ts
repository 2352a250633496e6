import { describe, expect, test } from '@jest/globals';
import { BadSettings, Common, settings } from '../src/service/config.js';

const required = { APP_PORT: '3000', DAPR_HTTP_PORT: '3500', APP_API_TOKEN: 'sixteen characters' };
const common = (values: Record<string, string>) => settings(Common, { ...required, ...values });

describe('TRUSTED_PROXIES', () => {
  test.each([
    ['10.0.0.0/8, 192.0.2.1', ['10.0.0.0/8', '192.0.2.1']],
    ['loopback uniquelocal', ['loopback', 'uniquelocal']],
    ['2001:db8::/32', ['2001:db8::/32']],
    ['', []],
    ['2', 2],
  ])('accepts %p', (text, proxies) => {
    expect(common({ TRUSTED_PROXIES: text }).TRUSTED_PROXIES).toEqual(proxies);
  });

  test('defaults to the local network', () => {
    expect(common({}).TRUSTED_PROXIES).toEqual(['loopback', 'linklocal', 'uniquelocal']);
  });

  test.each(['true', 'ingress', '10.0.0.0/33', '0.0.0.0/0', '10.0.0.256', '-1', '1.5'])('refuses %p', (text) => {
    expect(() => common({ TRUSTED_PROXIES: text })).toThrow(BadSettings);
    expect(() => common({ TRUSTED_PROXIES: text })).toThrow(
      'TRUSTED_PROXIES: must be a hop count, or addresses, CIDR ranges and the names loopback, linklocal and uniquelocal',
    );
  });
});

describe.each(['RATE_LIMIT_PER_ADDRESS', 'RATE_LIMIT_PER_ACCOUNT'] as const)('%s', (name) => {
  test.each([
    ['0', 0],
    ['1200', 1_200],
  ])('accepts %p', (text, limit) => {
    expect(common({ [name]: text })[name]).toBe(limit);
  });

  test('defaults to 600', () => {
    expect(common({})[name]).toBe(600);
  });

  test.each(['', '-1', '1.5', 'off', '1e3'])('refuses %p', (text) => {
    expect(() => common({ [name]: text })).toThrow(`${name}: must be a whole number of requests per minute, 0 for no limit`);
  });
});

import { describe, expect, test } from '@jest/globals';
import { guest } from '../../src/cart/owner.js';

const addressOf = (ip: string) => guest('a-session-of-a-guest', ip).guestAddress;

describe('the address of a guest', () => {
  test('is a hash that does not depend on the session', () => {
    expect(addressOf('203.0.113.7')).toMatch(/^[\w-]{43}$/);
    expect(guest('another-session-of-a-guest', '203.0.113.7').guestAddress).toBe(addressOf('203.0.113.7'));
  });

  test.each([
    ['an IPv4 address and itself in IPv6', '203.0.113.7', '::ffff:203.0.113.7'],
    ['IPv6 addresses of one /64', '2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff'],
    ['two spellings of one IPv6 address', '2001:DB8::1', '2001:0db8:0000:0000:0000:0000:0000:0001'],
  ])('is the same for %s', (_name, one, other) => {
    expect(addressOf(one)).toBe(addressOf(other));
  });

  test.each([
    ['two IPv4 addresses', '203.0.113.7', '203.0.113.8'],
    ['IPv6 addresses of two /64', '2001:db8:1:2::1', '2001:db8:1:3::1'],
    ['two texts that are no addresses', 'unknown', 'hidden'],
  ])('differs for %s', (_name, one, other) => {
    expect(addressOf(one)).not.toBe(addressOf(other));
  });

  test('is missing if the address is unknown', () => {
    expect(guest('a-session-of-a-guest')).not.toHaveProperty('guestAddress');
  });
});

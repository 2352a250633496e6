import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DomainError } from '@sidecart/chassis/errors';
import fc from 'fast-check';
import { add, drop, MAX_ADDRESSES, replace, type Addresses } from '../../src/own-data/address.js';
import { startIdentity, type Identity } from '../identity.js';

const HOME = { name: 'Ann', line1: 'Am Bach 1', postalCode: '10115', city: 'Berlin', country: 'DE' };
const anAddress = (change: object = {}) => ({ ...HOME, defaultShipping: false, defaultBilling: false, ...change });

describe('after any changes of a list of addresses', () => {
  const uses = fc.record({ defaultShipping: fc.boolean(), defaultBilling: fc.boolean() });
  const steps = fc.array(fc.record({ what: fc.constantFrom('add', 'replace', 'drop'), which: fc.nat(), uses }), { maxLength: 60 });

  function take(addresses: Addresses, { what, which, uses }: { what: string; which: number; uses: object }, id: string): Addresses {
    const chosen = addresses[which % addresses.length]?.id ?? 'none';
    try {
      if (what === 'add') return add(addresses, id, anAddress(uses));
      return what === 'drop' ? drop(addresses, chosen) : replace(addresses, chosen, anAddress(uses));
    } catch (error) {
      if (error instanceof DomainError) return addresses;
      throw error;
    }
  }

  test('exactly one is the default for shipping and one for billing, and the limit holds', () => {
    fc.assert(
      fc.property(steps, (taken) => {
        let addresses: Addresses = [];
        for (const [n, step] of taken.entries()) {
          addresses = take(addresses, step, `address-${n}`);
          const one = Math.min(1, addresses.length);
          expect(addresses.filter(({ defaultShipping }) => defaultShipping)).toHaveLength(one);
          expect(addresses.filter(({ defaultBilling }) => defaultBilling)).toHaveLength(one);
          expect(addresses.length).toBeLessThanOrEqual(MAX_ADDRESSES);
        }
      }),
    );
  });

  test('an address that asks to be a default is the default', () => {
    fc.assert(
      fc.property(steps, fc.constantFrom('defaultShipping' as const, 'defaultBilling' as const), (taken, use) => {
        const before = taken.slice(0, 10).reduce<Addresses>((addresses, step, n) => take(addresses, step, `address-${n}`), []);
        expect(add(before, 'last', anAddress({ [use]: true })).find((address) => address[use])?.id).toBe('last');
      }),
    );
  });
});

describe('your addresses', () => {
  let identity: Identity;
  beforeAll(async () => void (identity = await startIdentity()));
  afterAll(() => identity.close());

  async function someone(email: string) {
    const { accessToken } = (await identity.register(email)).body;
    return (method: string, path = '', body?: unknown) => identity.withToken(accessToken, method, `/api/users/me/addresses${path}`, body);
  }

  test('are added, listed, replaced and removed, and the defaults move', async () => {
    const ask = await someone('places@example.com');
    expect((await ask('GET')).body).toEqual({ data: [] });
    const { status, body: home } = await ask('POST', '', HOME);
    expect([status, home]).toEqual([201, { id: expect.any(String), ...HOME, defaultShipping: true, defaultBilling: true }]);
    const { body: work } = await ask('POST', '', { ...HOME, name: 'Ann at work', defaultShipping: true });
    expect(work).toMatchObject({ defaultShipping: true, defaultBilling: false });
    expect((await ask('PUT', `/${work.id}`, { ...HOME, country: 'AT' })).body).toMatchObject({
      id: work.id,
      country: 'AT',
      defaultShipping: false,
    });
    expect((await ask('DELETE', `/${home.id}`)).status).toBe(204);
    expect((await ask('GET')).body.data).toEqual([{ ...HOME, id: work.id, country: 'AT', defaultShipping: true, defaultBilling: true }]);
  });

  test(`are limited to ${MAX_ADDRESSES}, even if many are added concurrently`, async () => {
    const ask = await someone('many@example.com');
    const answers = await Promise.all(Array.from({ length: MAX_ADDRESSES + 5 }, () => ask('POST', '', HOME)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(MAX_ADDRESSES);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(5);
    expect((await ask('GET')).body.data).toHaveLength(MAX_ADDRESSES);
  });

  test.each([
    ['country', { country: 'XX' }],
    ['country', { country: 'de' }],
    ['country', { country: 'DD' }],
    ['line1', { line1: '' }],
    ['city', { city: 'c'.repeat(101) }],
    ['name', { name: 'Ann\nBea' }],
    ['userId', { userId: 'another-user' }],
    ['id', { id: 'mine' }],
  ])('are refused if %s is invalid', async (field, change) => {
    const ask = await someone(`wrong-${randomUUID()}@example.com`);
    const { status, body } = await ask('POST', '', { ...HOME, ...change });
    expect([status, body.errors[0].field]).toEqual([400, field]);
    expect((await ask('GET')).body.data).toEqual([]);
  });

  test('cannot be seen or changed by anyone else', async () => {
    const [ann, bob] = [await someone('ann-home@example.com'), await someone('bob-home@example.com')];
    const { body: home } = await ann('POST', '', HOME);
    expect((await bob('GET')).body.data).toEqual([]);
    expect((await bob('PUT', `/${home.id}`, HOME)).status).toBe(404);
    expect((await bob('DELETE', `/${home.id}`)).status).toBe(404);
    expect((await identity.request('GET', '/api/users/me/addresses')).status).toBe(401);
    expect((await ann('GET')).body.data).toEqual([home]);
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { User } from '@sidecart/contracts/access-token';
import { UserDeleted, UserReinstated, UserSuspended } from '@sidecart/contracts/identity';
import { problem } from '@sidecart/testing/problem';
import { aUser } from '@sidecart/testing/tokens';
import { A_MUG, startOrders, type OrdersApp } from '../orders.js';

let orders: OrdersApp;
let upstreams: ReturnType<OrdersApp['renew']>;
let customers = 0;
let ann: User;

beforeAll(async () => {
  orders = await startOrders();
}, 60_000);

afterAll(() => orders?.close());

beforeEach(() => {
  upstreams = orders.renew();
  ann = aUser({ id: `ann-${++customers}` });
});

const suspended = (version: number) => UserSuspended(ann.id, version, { userId: ann.id, email: ann.email, name: ann.name, locale: 'en' });
const reinstated = (version: number) => UserReinstated(ann.id, version, { userId: ann.id });

describe('an account', () => {
  test('cannot order while it is suspended', async () => {
    const paid = await orders.placed(ann);
    expect([await orders.deliver(suspended(2)), await orders.deliver(suspended(2))]).toEqual(['SUCCESS', 'SUCCESS']);
    const reserved = upstreams.reservations.size;
    for (const body of [{}, A_MUG]) {
      upstreams.fillCart(ann.id);
      expect(await orders.submit(ann, body)).toMatchObject(problem(403, 'account-suspended'));
    }
    expect(upstreams.reservations.size).toBe(reserved);
    expect((await orders.get(`/api/orders/${paid.orderId}`, ann)).status).toBe(200);
    await orders.deliver(reinstated(3));
    expect((await orders.submit(ann, {})).status).toBe(201);
  });

  test('has the standing of the newest event, even if events arrive out of order', async () => {
    await orders.deliver(reinstated(3));
    await orders.deliver(suspended(2));
    expect((await orders.placed(ann)).orderId).toEqual(expect.any(String));
    await orders.deliver(UserDeleted(ann.id, 4, { userId: ann.id }));
    await orders.deliver(reinstated(3));
    upstreams.fillCart(ann.id);
    expect(await orders.submit(ann, {})).toMatchObject(problem(403, 'account-suspended'));
    expect(await orders.deliver({ ...suspended(5), data: {} })).toBe('DROP');
  });

  test('needs a verified address only if the settings say so', async () => {
    const bea = aUser({ id: 'bea', verified: false });
    expect((await orders.submit(bea)).status).toBe(201);
    const strict = await startOrders({ REQUIRE_VERIFIED: 'orders' });
    try {
      expect(await strict.submit(bea)).toMatchObject(problem(403, 'address-not-verified'));
      expect((await strict.submit({ ...bea, verified: true })).status).toBe(201);
    } finally {
      await strict.close();
    }
  });
});

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { problem } from '@sidecart/testing/problem';
import { aUser } from '@sidecart/testing/tokens';
import { STAFF, startInventory, withKey, type InventoryApp } from '../inventory.js';

let app: InventoryApp;

beforeAll(async () => {
  app = await startInventory();
}, 60_000);

afterAll(() => app?.close());

const delivery = { type: 'receive', quantity: 10, reason: 'delivery' };

describe('a movement', () => {
  test('changes the stock once, however often its key is sent', async () => {
    const sku = await app.stocked(0);
    const ask = withKey();
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => app.request('POST', `/api/inventories/${sku}/movements`, delivery, ask)),
    );
    const again = await app.request('POST', `/api/inventories/${sku}/movements`, delivery, ask);
    expect(again).toMatchObject({
      status: 201,
      body: { movements: [{ seq: 1, location: 'default', type: 'receive', quantity: 10, before: 0, after: 10, by: 'eve' }] },
    });
    for (const { status, body } of answers) expect({ status, body }).toEqual({ status: 201, body: again.body });
    expect(await app.stockOf(sku)).toMatchObject({ onHand: 10 });
  });

  test('is refused if its key was used for another one', async () => {
    const [sku, other] = await Promise.all([app.stocked(0), app.stocked(0)]);
    const ask = withKey();
    await app.request('POST', `/api/inventories/${sku}/movements`, delivery, ask);
    for (const [target, body] of [[sku, { ...delivery, quantity: 11 }] as const, [other, delivery] as const]) {
      const answer = await app.request('POST', `/api/inventories/${target}/movements`, body, ask);
      expect(answer).toMatchObject(problem(409, 'idempotency-key-reused'));
    }
    expect(await app.stockOf(other)).toMatchObject({ onHand: 0 });
  });

  test('of held pieces is refused with what is available', async () => {
    const sku = await app.stocked(10);
    await app.hold('holder', sku, 4);
    const out = (quantity: number) => app.move(sku, { type: 'ship', quantity, reason: 'broken' });
    expect(await out(7)).toMatchObject({ status: 409, body: { lines: [{ sku, requested: 7, available: 6 }] } });
    expect(await out(6)).toMatchObject({ status: 201, body: { movements: [{ quantity: -6, balance: 4 }] } });
  });

  test('publishes low stock once, when it crosses the threshold of the SKU', async () => {
    const sku = await app.stocked(10);
    const set = await app.request('PATCH', `/api/inventories/${sku}`, { threshold: 8 }, { as: STAFF });
    expect(set).toMatchObject({ status: 200, body: { sku, threshold: 8, availability: 'in_stock' } });
    const out = { type: 'ship', quantity: 2, reason: 'broken' };
    await app.move(sku, out);
    await app.move(sku, out);
    expect(await app.eventsOf(9, sku)).toEqual([
      'inventory.availability_changed',
      'inventory.adjusted',
      'inventory.availability_changed',
      'inventory.back_in_stock',
      'inventory.adjusted',
      'inventory.availability_changed',
      'inventory.low_stock',
      'inventory.adjusted',
      'inventory.availability_changed',
    ]);
  });
});

test('details join the record and its ledger, in pages', async () => {
  const sku = await app.stocked(5);
  await app.move(sku, { type: 'adjust', change: -2, reason: 'broken' });
  const first = (await app.request('GET', `/api/inventories/${sku}/details?limit=1`, undefined, { as: STAFF })).body;
  expect(first).toMatchObject({
    sku,
    onHand: 3,
    locations: [{ location: 'default', onHand: 3, held: 0, available: 3 }],
    movements: { data: [{ seq: 2, type: 'adjust', quantity: -2, before: 5, after: 3, reason: 'broken', by: 'eve' }], next: '1' },
  });
  const { body } = await app.request('GET', `/api/inventories/${sku}/details?limit=1&cursor=1`, undefined, { as: STAFF });
  expect(body.movements).toMatchObject({ data: [{ seq: 1 }], next: null });
});

test('a second stock record of a SKU is refused', async () => {
  const sku = await app.stocked(1);
  expect(await app.request('POST', '/api/inventories', { sku, productId: 'p1' }, { as: STAFF })).toMatchObject(
    problem(409, 'stock-exists'),
  );
});

test.each([
  ['GET', '/api/inventories/NOWHERE', undefined],
  ['GET', '/api/inventories/NOWHERE/movements', undefined],
  ['PATCH', '/api/inventories/NOWHERE', { threshold: 1 }],
  ['POST', '/api/inventories/NOWHERE/movements', delivery],
])('%s %s is not found', async (method, path, body) => {
  expect((await app.request(method, path, body, withKey())).status).toBe(404);
});

test.each([
  ['a movement without a key', 'POST', '/api/inventories/TEA/movements', delivery, {}, 'idempotency-key'],
  ['a movement of 0 pieces', 'POST', '/api/inventories/TEA/movements', { ...delivery, quantity: 0 }, withKey().headers, 'quantity'],
  ['a movement of another type', 'POST', '/api/inventories/TEA/movements', { ...delivery, type: 'sale' }, withKey().headers, 'type'],
  ['a movement without a reason', 'POST', '/api/inventories/TEA/movements', { ...delivery, reason: ' ' }, withKey().headers, 'reason'],
  ['an unknown field', 'PATCH', '/api/inventories/TEA', { threshold: 1, onHand: 9 }, {}, 'onHand'],
  ['a movement of half a piece', 'POST', '/api/inventories/TEA/movements', { ...delivery, quantity: 0.5 }, withKey().headers, 'quantity'],
  [
    'a movement of too many pieces',
    'POST',
    '/api/inventories/TEA/movements',
    { ...delivery, quantity: 1e7 },
    withKey().headers,
    'quantity',
  ],
  [
    'a movement at a malformed location',
    'POST',
    '/api/inventories/TEA/movements',
    { ...delivery, location: 'A|B' },
    withKey().headers,
    'location',
  ],
  [
    'a movement with a field of another',
    'POST',
    '/api/inventories/TEA/movements',
    { ...delivery, counted: 1 },
    withKey().headers,
    'counted',
  ],
  [
    'a reason of 201 characters',
    'POST',
    '/api/inventories/TEA/movements',
    { ...delivery, reason: 'x'.repeat(201) },
    withKey().headers,
    'reason',
  ],
  ['an adjustment by 0', 'POST', '/api/inventories/TEA/movements', { type: 'adjust', change: 0, reason: 'x' }, withKey().headers, 'change'],
  [
    'an adjustment by too much',
    'POST',
    '/api/inventories/TEA/movements',
    { type: 'adjust', change: -1e7, reason: 'x' },
    withKey().headers,
    'change',
  ],
  ['a count below 0', 'POST', '/api/inventories/TEA/movements', { type: 'count', counted: -1, reason: 'x' }, withKey().headers, 'counted'],
  [
    'a transfer to where it is from',
    'POST',
    '/api/inventories/TEA/movements',
    { type: 'transfer', quantity: 1, from: 'a', to: 'a', reason: 'x' },
    withKey().headers,
    'to',
  ],
  [
    'a transfer from nowhere to a malformed location',
    'POST',
    '/api/inventories/TEA/movements',
    { type: 'transfer', quantity: 1, to: '', reason: 'x' },
    withKey().headers,
    'to',
  ],
  ['a key of 3 characters', 'POST', '/api/inventories/TEA/movements', delivery, { 'idempotency-key': 'abc' }, 'idempotency-key'],
  ['a record without a product', 'POST', '/api/inventories', { sku: 'TEA' }, {}, 'productId'],
  ['a record with a quantity', 'POST', '/api/inventories', { sku: 'TEA', productId: 'p1', quantity: 1 }, {}, 'quantity'],
  ['details with a malformed cursor', 'GET', '/api/inventories/TEA/details?cursor=x', undefined, {}, 'cursor'],
  ['a threshold below 0', 'PATCH', '/api/inventories/TEA', { threshold: -1 }, {}, 'threshold'],
  ['a malformed SKU', 'POST', '/api/inventories', { sku: 'a|b', productId: 'p1' }, {}, 'sku'],
  ['a page of 1000', 'GET', '/api/inventories/TEA/movements?limit=1000', undefined, {}, 'limit'],
  ['an unknown query', 'GET', '/api/inventories/TEA/movements?page=1', undefined, {}, 'page'],
])('%s is refused with the name of the field', async (_name, method, path, body, headers, field) => {
  const answer = await app.request(method, path, body, { as: STAFF, headers });
  expect(answer).toMatchObject({ status: 400, body: { errors: [expect.objectContaining({ field })] } });
});

test.each([
  ['a caller without a token', {}, 401],
  ['a customer', { as: aUser() }, 403],
  ['staff without the permission', { as: aUser({ role: 'staff', permissions: ['catalog', 'orders'] }) }, 403],
])('%s can neither see nor change stock', async (_who, ask, status) => {
  expect((await app.request('GET', '/api/inventories/TEA', undefined, ask)).status).toBe(status);
  expect((await app.request('POST', '/api/inventories/TEA/movements', delivery, ask)).status).toBe(status);
});

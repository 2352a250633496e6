import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { problem } from '@sidecart/testing/problem';
import { aUser } from '@sidecart/testing/tokens';
import { line } from '../builders.js';
import { in15, orderOf, STAFF, startInventory, type InventoryApp } from '../inventory.js';

let app: InventoryApp;

beforeAll(async () => {
  app = await startInventory();
}, 60_000);

afterAll(() => app?.close());

const PATH = '/api/inventories/locations';
const ask = (method: string, path: string, body?: unknown) => app.request(method, path, body, { as: STAFF });

/** Adds a location that serves these countries first, and returns its id. */
async function located(...countries: string[]): Promise<string> {
  const id = `l-${randomUUID().slice(0, 8)}`;
  expect((await ask('POST', PATH, { id, name: `Location ${id}`, countries })).status).toBe(201);
  return id;
}
const receive = (sku: string, location: string, quantity: number) =>
  app.move(sku, { type: 'receive', quantity, location, reason: 'delivery' });
const placesOf = async (sku: string): Promise<Record<string, number>> => {
  const { locations } = await app.stockOf(sku);
  return Object.fromEntries(locations.map(({ location, onHand }: { location: string; onHand: number }) => [location, onHand]));
};

describe('locations', () => {
  test('begin with the default one', async () => {
    const { body } = await ask('GET', PATH);
    expect(body.data[0]).toEqual({ id: 'default', name: 'Default', countries: [], active: true });
  });

  test('are added, changed and deleted', async () => {
    const id = await located('AT');
    expect(await ask('POST', PATH, { id, name: 'Again' })).toMatchObject(problem(409, 'location-exists'));
    const changed = await ask('PATCH', `${PATH}/${id}`, { name: 'Vienna', countries: ['AT', 'HU'] });
    expect(changed.body).toEqual({ id, name: 'Vienna', countries: ['AT', 'HU'], active: true });
    expect((await ask('DELETE', `${PATH}/${id}`)).status).toBe(204);
    expect((await ask('DELETE', `${PATH}/${id}`)).status).toBe(404);
    expect((await ask('PATCH', `${PATH}/${id}`, { name: 'Gone' })).status).toBe(404);
  });

  test('with stock are neither deleted nor deactivated until it has left', async () => {
    const [id, sku] = [await located(), await app.stocked(0)];
    await receive(sku, id, 3);
    expect(await ask('DELETE', `${PATH}/${id}`)).toMatchObject(problem(409, 'location-in-use'));
    expect(await ask('PATCH', `${PATH}/${id}`, { active: false })).toMatchObject(problem(409, 'location-in-use'));
    await app.move(sku, { type: 'transfer', quantity: 3, from: id, to: 'default', reason: 'moving out' });
    expect((await ask('PATCH', `${PATH}/${id}`, { active: false })).body.active).toBe(false);
    expect(await receive(sku, id, 1)).toMatchObject(problem(409, 'location-inactive'));
    expect((await ask('DELETE', `${PATH}/${id}`)).status).toBe(204);
    expect((await receive(sku, id, 1)).status).toBe(404);
    expect(await placesOf(sku)).toEqual({ default: 3 });
  });

  test('get no stock while they are deleted: of a delivery and a deletion at once, one is refused', async () => {
    for (let round = 0; round < 5; round++) {
      const [id, sku] = [await located(), await app.stocked(0)];
      const [received, deleted] = await Promise.all([receive(sku, id, 1), ask('DELETE', `${PATH}/${id}`)]);
      expect([received.status === 201, deleted.status === 204]).toContain(false);
      expect([received.status === 201, deleted.status === 204]).toContain(true);
    }
  });

  test('always include the default one', async () => {
    expect(await ask('DELETE', `${PATH}/default`)).toMatchObject(problem(409, 'default-location'));
    expect(await ask('PATCH', `${PATH}/default`, { active: false })).toMatchObject(problem(409, 'default-location'));
    expect((await ask('PATCH', `${PATH}/default`, { name: 'Default', countries: [] })).status).toBe(200);
  });

  test.each([
    ['an id in capitals', 'POST', PATH, { id: 'VIE', name: 'Vienna' }, 'id'],
    ['no name', 'POST', PATH, { id: 'vie' }, 'name'],
    ['an empty name', 'POST', PATH, { id: 'vie', name: ' ' }, 'name'],
    ['a name with a line break', 'POST', PATH, { id: 'vie', name: 'a\nb' }, 'name'],
    ['an unknown country', 'POST', PATH, { id: 'vie', name: 'V', countries: ['AT', 'XX'] }, 'countries.1'],
    ['a country twice', 'POST', PATH, { id: 'vie', name: 'V', countries: ['AT', 'AT'] }, 'countries'],
    ['an unknown field', 'POST', PATH, { id: 'vie', name: 'V', active: true }, 'active'],
    ['an activity of yes', 'PATCH', `${PATH}/default`, { active: 'yes' }, 'active'],
    ['a malformed id in the path', 'PATCH', `${PATH}/VIE`, { name: 'V' }, 'location'],
  ])('with %s are refused with the name of the field', async (_name, method, path, body, field) => {
    expect(await ask(method, path, body)).toMatchObject({ status: 400, body: { errors: [expect.objectContaining({ field })] } });
  });

  test('are for staff with the permission only', async () => {
    expect((await app.request('GET', PATH)).status).toBe(401);
    expect((await app.request('POST', PATH, { id: 'x', name: 'X' }, { as: aUser() })).status).toBe(403);
  });
});

describe('an order', () => {
  test('takes its pieces at the nearest location, then where there are most, and returns them there', async () => {
    const [near, far, sku] = [await located('AT'), await located('DE'), await app.stocked(1)];
    await receive(sku, near, 2);
    await receive(sku, far, 4);
    const order = orderOf(randomUUID(), line(sku, 4));
    await app.reserve(order.orderId, [line(sku, 4)], null, in15(), 'AT');
    expect(await app.paid(order)).toBe('SUCCESS');
    expect(await placesOf(sku)).toEqual({ default: 1, [far]: 2 });
    await app.cancelled(order);
    expect(await placesOf(sku)).toEqual({ default: 1, [near]: 2, [far]: 4 });
    const events = app.published.filter(({ subject }) => subject === order.orderId);
    const from = [
      { location: near, quantity: 2 },
      { location: far, quantity: 2 },
    ];
    for (const type of ['inventory.reserved', 'inventory.committed', 'inventory.returned'])
      expect(events).toContainEqual(
        expect.objectContaining({ type, data: { reference: order.orderId, lines: [{ sku, quantity: 4, from }] } }),
      );
  });

  test('returns its pieces to the default location once theirs is deleted', async () => {
    const [id, sku] = [await located('AT'), await app.stocked(0)];
    await receive(sku, id, 2);
    const order = orderOf(randomUUID(), line(sku, 2));
    await app.reserve(order.orderId, [line(sku, 2)]);
    await app.paid(order);
    expect((await ask('DELETE', `${PATH}/${id}`)).status).toBe(204);
    await app.cancelled(order);
    expect(await placesOf(sku)).toEqual({ default: 2 });
  });
});

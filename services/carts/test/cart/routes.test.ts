import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { CustomerCart } from '@sidecart/contracts/carts';
import { aQuote, euros } from '@sidecart/testing/builders';
import { problem } from '@sidecart/testing/problem';
import { newPeople, startCarts, type CartsApp, type Shop } from '../carts.js';

let carts: CartsApp;
let shop: Shop;
let people: ReturnType<typeof newPeople>;

beforeAll(async () => {
  carts = await startCarts();
}, 60_000);

afterAll(() => carts?.close());

beforeEach(() => {
  shop = carts.renew();
  people = newPeople();
});

const add = (sku: string, quantity: number) => carts.add(people.ann, sku, quantity);
const put = (sku: string, quantity: number) => carts.put(people.ann, sku, quantity);
const drop = (path?: string) => carts.drop(people.ann, path);
const get = () => carts.get(people.ann);
const contents = () => carts.contents(people.ann);
const heldBy = (sku: string) => shop.heldBy(people.cartId, sku);

describe('a cart', () => {
  test('is empty at first', async () => {
    expect(await get()).toEqual({ items: [], subtotal: euros(0), count: 0, checkoutId: expect.any(String), unavailable: [] });
  });

  test('shows its lines at current prices, with totals that add up', async () => {
    await add('mug', 2);
    const { status, body } = await add('tea', 3);
    expect(status).toBe(200);
    expect(body).toEqual({
      items: [
        { sku: 'mug', productId: 'p-mug', name: 'The mug', image: null, quantity: 2, unitPrice: euros(1000), total: euros(2000) },
        { sku: 'tea', productId: 'p-tea', name: 'The tea', image: null, quantity: 3, unitPrice: euros(1000), total: euros(3000) },
      ],
      subtotal: euros(5000),
      count: 5,
      checkoutId: expect.any(String),
      unavailable: [],
    });
    shop.quotes.set('mug', aQuote('mug', { price: euros(1250) }));
    expect(await get()).toMatchObject({ subtotal: euros(5500), checkoutId: body.checkoutId });
  });

  test('adds pieces to a line, and holds all of them', async () => {
    await add('mug', 2);
    await add('mug', 3);
    expect(await contents()).toEqual([['mug', 5]]);
    expect(heldBy('mug')).toBe(5);
  });

  test('keeps two SKUs of one product as two lines, and holds each', async () => {
    shop.quotes.set('mug-xl', aQuote('mug-xl', { productId: 'p-mug', price: euros(1500) }));
    await add('mug', 2);
    expect((await add('mug-xl', 1)).body).toMatchObject({
      items: [
        { sku: 'mug', productId: 'p-mug', quantity: 2 },
        { sku: 'mug-xl', productId: 'p-mug', quantity: 1 },
      ],
      subtotal: euros(3500),
    });
    expect([heldBy('mug'), heldBy('mug-xl')]).toEqual([2, 1]);
    expect((await put('mug-xl', 0)).body.items).toMatchObject([{ sku: 'mug', quantity: 2 }]);
  });

  test.each([
    ['more', 7],
    ['less', 1],
    ['none', 0],
  ])('has %s once that is set, and holds that', async (_name, quantity) => {
    await add('mug', 3);
    const { body } = await put('mug', quantity);
    expect(body.count).toBe(quantity);
    expect(await contents()).toEqual(quantity === 0 ? [] : [['mug', quantity]]);
    expect(heldBy('mug')).toBe(quantity);
  });

  test('releases what is removed, and keeps the rest', async () => {
    await add('mug', 1);
    await add('tea', 2);
    expect((await drop('/items/mug')).body.count).toBe(2);
    expect(await contents()).toEqual([['tea', 2]]);
    expect([heldBy('mug'), heldBy('tea')]).toEqual([0, 2]);
  });

  test('releases everything when it is emptied, and gets a new checkout id', async () => {
    await add('mug', 1);
    const { checkoutId } = (await add('tea', 2)).body;
    expect((await drop()).body).toMatchObject({ items: [], count: 0 });
    expect([heldBy('mug'), heldBy('tea')]).toEqual([0, 0]);
    expect((await add('mug', 1)).body.checkoutId).not.toBe(checkoutId);
  });

  test('accepts the removal of a SKU that it does not have', async () => {
    await add('mug', 1);
    const holds = shop.asked.holds;
    expect((await drop('/items/tea')).status).toBe(200);
    expect((await put('tea', 0)).status).toBe(200);
    expect(shop.asked.holds).toBe(holds);
    expect(await contents()).toEqual([['mug', 1]]);
  });

  test('lists a SKU that is no longer for sale without counting it, and lets it be removed', async () => {
    await add('mug', 1);
    await add('tea', 2);
    shop.quotes.delete('tea');
    expect(await get()).toMatchObject({
      items: [{ sku: 'mug' }],
      subtotal: euros(1000),
      count: 1,
      unavailable: [{ sku: 'tea', productId: 'p-tea', quantity: 2 }],
    });
    expect((await drop('/items/tea')).body.unavailable).toEqual([]);
  });

  test('refuses a SKU that is not for sale', async () => {
    expect(await add('nothing', 1)).toMatchObject(problem(404, 'not-for-sale'));
    expect(await put('nothing', 1)).toMatchObject(problem(404, 'not-for-sale'));
    expect(await contents()).toEqual([]);
  });

  test('refuses more than is available, names the line, and stays as it was', async () => {
    shop.onHand.set('mug', 4);
    await add('mug', 3);
    const lines = [{ sku: 'mug', requested: 5, available: 4 }];
    expect(await add('mug', 2)).toMatchObject(problem(409, 'out-of-stock', { lines }));
    expect(await contents()).toEqual([['mug', 3]]);
    expect(heldBy('mug')).toBe(3);
  });

  test('refuses more than 999 pieces', async () => {
    await add('mug', 600);
    expect(await add('mug', 400)).toMatchObject(problem(409, 'quantity-too-large'));
    expect(heldBy('mug')).toBe(600);
  });

  test('stays as it was if inventory does not answer', async () => {
    await add('mug', 1);
    shop.down = true;
    expect(await add('mug', 1)).toMatchObject(problem(503, 'service-unavailable'));
    expect(await contents()).toEqual([['mug', 1]]);
  });

  test('is what orders uses for a checkout', async () => {
    const { checkoutId } = (await add('mug', 2)).body;
    const { userId, cartId } = people;
    expect((await carts.call(CustomerCart, { userId })).output).toEqual({ cartId, checkoutId, items: [{ sku: 'mug', quantity: 2 }] });
    expect((await carts.call(CustomerCart, { userId: 'nobody' })).output).toMatchObject({ cartId: 'u-nobody', items: [] });
  });

  test.each([
    ['a quantity of 0 to add', 'POST', '/api/cart/items', { sku: 'mug', quantity: 0 }, 'quantity'],
    ['1000 to add', 'POST', '/api/cart/items', { sku: 'mug', quantity: 1000 }, 'quantity'],
    ['a price', 'POST', '/api/cart/items', { sku: 'mug', quantity: 1, price: 1 }, 'price'],
    ['no SKU', 'POST', '/api/cart/items', { quantity: 1 }, 'sku'],
    ['half a piece', 'PUT', '/api/cart/items/mug', { quantity: 0.5 }, 'quantity'],
    ['a negative quantity', 'PUT', '/api/cart/items/mug', { quantity: -1 }, 'quantity'],
  ])('refuses %s with the name of the field', async (_name, method, path, body, field) => {
    expect(await carts.request(method, path, body, people.ann)).toMatchObject(
      problem(400, 'validation-failed', { errors: [expect.objectContaining({ field })] }),
    );
  });
});

describe('without holds', () => {
  let loose: CartsApp;
  beforeAll(async () => {
    loose = await startCarts({ HOLD_MINUTES: '0' });
  }, 60_000);
  afterAll(() => loose?.close());

  test('adding only checks that enough is available', async () => {
    const shop = loose.renew();
    shop.onHand.set('mug', 3);
    const ask = (quantity: number) => loose.add(people.ann, 'mug', quantity);
    expect((await ask(2)).status).toBe(200);
    expect(await ask(2)).toMatchObject(problem(409, 'out-of-stock', { lines: [{ sku: 'mug', requested: 4, available: 3 }] }));
    expect((await loose.drop(people.ann)).body.count).toBe(0);
    expect(shop.asked).toMatchObject({ holds: 0, stocks: 2 });
  });
});

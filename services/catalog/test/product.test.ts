import { describe, expect, test } from '@jest/globals';
import { change, create, drop, quote, shownTo, type Fields } from '../src/product.js';

const monday = new Date('2030-01-07T09:00:00Z');
const tuesday = new Date('2030-01-08T09:00:00Z');
const fields: Fields = {
  name: 'Tea',
  description: 'Green.',
  price: { amount: 490, currency: 'EUR' },
  status: 'published',
  categoryId: null,
  attributes: [],
};
const { product: tea } = create('p1', 'TEA-1', fields, monday);

describe('a product', () => {
  test('begins with version 1', () => {
    const { product, event } = create('p1', 'TEA-1', fields, monday);
    expect(product).toMatchObject({ ...fields, id: 'p1', sku: 'TEA-1', version: 1, deletedAt: null, createdAt: monday.toISOString() });
    expect(event).toMatchObject({
      type: 'product.created',
      subject: 'p1',
      sequence: 1,
      data: { productId: 'p1', sku: 'TEA-1', name: 'Tea' },
    });
  });

  test('changes what is named and nothing else', () => {
    const { product, event } = change(tea, { name: 'Green tea' }, tuesday);
    expect(product).toEqual({ ...tea, name: 'Green tea', version: 2, updatedAt: tuesday.toISOString() });
    expect(event).toMatchObject({ type: 'product.updated', sequence: 2, data: { name: 'Green tea', price: fields.price } });
  });

  test('is gone once it is deleted, and tells so', () => {
    const { product, event } = drop(tea, tuesday);
    expect(event).toMatchObject({ type: 'product.deleted', sequence: 2, data: { productId: 'p1', sku: 'TEA-1' } });
    expect(() => shownTo(true, product)).toThrow(expect.objectContaining({ kind: 'missing' }));
  });

  test.each([
    ['published', true, true],
    ['unlisted', true, true],
    ['draft', false, false],
  ] as const)('that is %s is shown to customers: %s, and sold: %s', (status, shown, sold) => {
    const { product } = change(tea, { status }, tuesday);
    expect(shownTo(true, product)).toBe(product);
    const attempts = [() => shownTo(false, product), () => quote(product)].map((attempt) => {
      try {
        return attempt() !== undefined;
      } catch {
        return false;
      }
    });
    expect(attempts).toEqual([shown, sold]);
  });

  test('is quoted with what an order keeps of it', () => {
    expect(quote(tea)).toEqual({ productId: 'p1', sku: 'TEA-1', name: 'Tea', price: fields.price, image: null });
  });

  test.each([
    ['deleted', drop(tea, tuesday).product],
    ['not there', undefined],
  ])('that is %s is not for sale', (_, product) => {
    expect(() => quote(product)).toThrow(expect.objectContaining({ kind: 'missing', slug: 'not-for-sale' }));
  });
});

import { describe, expect, test } from '@jest/globals';
import { euros } from '@sidecart/testing/builders';
import { create, edit, quoteOf, remove, visible, type Fields } from '../../src/products/product.js';

const monday = new Date('2030-01-07T09:00:00Z');
const tuesday = new Date('2030-01-08T09:00:00Z');
const fields: Fields = {
  name: 'Tea',
  description: 'Green.',
  price: euros(490),
  status: 'published',
  categoryId: null,
  attributes: [],
};
const { product: tea } = create('p1', 'TEA-1', fields, monday);

describe('a product', () => {
  test('starts at version 1', () => {
    const { product, event } = create('p1', 'TEA-1', fields, monday);
    expect(product).toMatchObject({ ...fields, id: 'p1', sku: 'TEA-1', version: 1, deletedAt: null, createdAt: monday.toISOString() });
    expect(event).toMatchObject({
      type: 'product.created',
      subject: 'p1',
      sequence: 1,
      data: { productId: 'p1', name: 'Tea', variants: [{ sku: 'TEA-1' }] },
    });
  });

  test('changes the given fields and nothing else', () => {
    const { product, event } = edit(tea, { name: 'Green tea' }, tuesday);
    expect(product).toEqual({ ...tea, name: 'Green tea', version: 2, updatedAt: tuesday.toISOString() });
    expect(event).toMatchObject({ type: 'product.updated', sequence: 2, data: { name: 'Green tea', variants: [{ price: fields.price }] } });
  });

  test('is visible to nobody once it is deleted, which is published', () => {
    const { product, event } = remove(tea, tuesday);
    expect(event).toMatchObject({ type: 'product.deleted', sequence: 2, data: { productId: 'p1', skus: ['TEA-1'] } });
    expect(() => visible(product, { toStaff: true })).toThrow(expect.objectContaining({ kind: 'missing' }));
  });

  test.each([
    ['published', true, true],
    ['unlisted', true, true],
    ['draft', false, false],
  ] as const)('that is %s is visible to customers: %s, and for sale: %s', (status, shown, sold) => {
    const { product } = edit(tea, { status }, tuesday);
    expect(visible(product, { toStaff: true })).toBe(product);
    const attempts = [() => visible(product, { toStaff: false }), () => quoteOf(product)].map((attempt) => {
      try {
        return attempt() !== undefined;
      } catch {
        return false;
      }
    });
    expect(attempts).toEqual([shown, sold]);
  });

  test('is quoted with what an order keeps', () => {
    expect(quoteOf(tea)).toEqual({ sku: 'TEA-1', productId: 'p1', name: 'Tea', price: fields.price, image: null });
  });

  test.each([
    ['deleted', remove(tea, tuesday).product],
    ['unknown', undefined],
  ])('that is %s is not for sale', (_, product) => {
    expect(() => quoteOf(product)).toThrow(expect.objectContaining({ kind: 'missing', slug: 'not-for-sale' }));
  });
});

import type { OrderSnapshot } from '@sidecart/contracts/orders';

const eur = (amount: number) => ({ amount, currency: 'EUR' });

/** An order of two teapots, or what is told otherwise. */
export const anOrder = (change: Partial<OrderSnapshot> = {}): OrderSnapshot => ({
  orderId: 'order-1',
  number: 'SC-7K3M-Q2XD',
  status: 'pending',
  buyer: { userId: 'ann', email: 'ann@example.com', name: 'Ann' },
  lines: [{ productId: 'teapot', sku: 'TEA-1', name: 'Teapot', image: null, quantity: 2, unitPrice: eur(1_999), total: eur(3_998) }],
  subtotal: eur(3_998),
  tax: eur(760),
  total: eur(4_758),
  cart: null,
  payBy: '2026-05-01T12:30:00.000Z',
  reason: null,
  ...change,
});

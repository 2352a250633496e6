import type { OrderSnapshot } from '@sidecart/contracts/orders';
import * as builders from '@sidecart/testing/builders';
import { euros } from '@sidecart/testing/builders';

/** An order of two teapots. */
export const anOrder = (change: Partial<OrderSnapshot> = {}): OrderSnapshot =>
  builders.anOrder({
    number: 'SC-7K3M-Q2XD',
    lines: [{ sku: 'TEA-1', productId: 'teapot', name: 'Teapot', image: null, quantity: 2, unitPrice: euros(1_999), total: euros(3_998) }],
    subtotal: euros(3_998),
    tax: euros(760),
    total: euros(4_758),
    payBy: '2026-05-01T12:30:00.000Z',
    ...change,
  });

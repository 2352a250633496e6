import { describe, expect, test } from '@jest/globals';
import { OrderFulfillment, OrderLife, OrderPayment, OrderStatus } from '@sidecart/contracts/order-states';
import { statusOf, type States } from '../../src/order/states.js';

describe('the public status', () => {
  test.each<[States['life'], States['payment'], States['fulfillment'], OrderStatus]>([
    ['open', 'unpaid', 'unfulfilled', 'pending'],
    ['open', 'unpaid', 'on_hold', 'pending'],
    ['open', 'voided', 'unfulfilled', 'pending'],
    ['open', 'authorized', 'unfulfilled', 'confirmed'],
    ['open', 'authorized', 'on_hold', 'confirmed'],
    ['open', 'paid', 'unfulfilled', 'paid'],
    ['open', 'paid', 'on_hold', 'paid'],
    ['open', 'paid', 'partially_shipped', 'partially_shipped'],
    ['open', 'paid', 'shipped', 'shipped'],
    ['open', 'unpaid', 'shipped', 'shipped'],
    ['open', 'paid', 'delivered', 'delivered'],
    ['open', 'partially_refunded', 'shipped', 'partially_refunded'],
    ['open', 'refunded', 'delivered', 'refunded'],
    ['completed', 'paid', 'delivered', 'completed'],
    ['completed', 'partially_refunded', 'delivered', 'partially_refunded'],
    ['completed', 'refunded', 'delivered', 'refunded'],
    ['cancelled', 'unpaid', 'unfulfilled', 'cancelled'],
    ['cancelled', 'voided', 'on_hold', 'cancelled'],
    ['cancelled', 'paid', 'unfulfilled', 'cancelled'],
    ['cancelled', 'partially_refunded', 'unfulfilled', 'partially_refunded'],
    ['cancelled', 'refunded', 'unfulfilled', 'refunded'],
  ])('of an order that is %s, %s and %s is %s', (life, payment, fulfillment, status) => {
    expect(statusOf({ life, payment, fulfillment })).toBe(status);
  });

  test('is one of those in the contract for every combination, and each of them is used', () => {
    const statuses = OrderLife.options.flatMap((life) =>
      OrderPayment.options.flatMap((payment) => OrderFulfillment.options.map((fulfillment) => statusOf({ life, payment, fulfillment }))),
    );
    expect(new Set(statuses)).toEqual(new Set(OrderStatus.options));
  });
});

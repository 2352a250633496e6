import { PostalAddress } from '@sidecart/contracts/address';
import { CartId, CheckoutId, Instant, MAX_LINES, OrderId, PaymentId, UserId } from '@sidecart/contracts/common';
import { Money } from '@sidecart/contracts/money';
import { OrderFulfillment, OrderLife, OrderPayment, OrderStatus } from '@sidecart/contracts/order-states';
import { PricedLine } from '@sidecart/contracts/priced-line';
import { z } from 'zod';

export const ById = z.object({ id: OrderId });

export const CancelOrder = z.strictObject({
  reason: z
    .string()
    .trim()
    .min(1)
    .max(300)
    .optional()
    .meta({ examples: ['changed my mind'] }),
});

const euros = (amount: number) => ({ examples: [{ amount, currency: 'EUR' }] });

export const OrderView = z
  .object({
    id: OrderId,
    number: z.string().meta({ description: 'The number of the order for people.', examples: ['SC-5XNS-S16H'] }),
    status: OrderStatus.meta({ description: 'The three states below in one word.' }),
    life: OrderLife.meta({ description: 'Whether the order is still going on, and how it ended.' }),
    payment: OrderPayment.meta({ description: 'Where the money is.' }),
    fulfillment: OrderFulfillment.meta({ description: 'Where the goods are.' }),
    buyer: z
      .object({
        userId: UserId,
        email: z.string().meta({ examples: ['bea@example.com'] }),
        name: z.string().meta({ examples: ['Bea'] }),
      })
      .meta({ description: 'The buyer as they were when they placed the order.' }),
    lines: z.array(PricedLine).min(1).max(MAX_LINES),
    subtotal: Money.meta({ description: 'The sum of the lines, before tax.', ...euros(5_000) }),
    tax: Money.meta(euros(1_000)),
    taxPercent: z.number().meta({ examples: [20] }),
    total: Money.meta(euros(6_000)),
    address: PostalAddress.nullable(),
    note: z
      .string()
      .nullable()
      .meta({ examples: ['Ring twice.'] }),
    cart: z.object({ cartId: CartId, checkoutId: CheckoutId }).nullable().meta({ description: 'The cart that became the order, if any.' }),
    placedAt: Instant,
    due: z
      .object({
        amount: Money.meta(euros(6_000)),
        payBy: Instant.meta({ examples: ['2026-01-31T12:30:00.000Z'] }),
        href: z.string().meta({ description: 'Where to POST the payment.', examples: ['/api/payments'] }),
      })
      .nullable()
      .meta({ description: 'What to pay and until when, or null if nothing is due.' }),
    reason: z
      .string()
      .nullable()
      .meta({ description: 'Why the order was cancelled, if it was and a reason was given.', examples: [null] }),
  })
  .meta({ id: 'Order' });
export type OrderView = z.infer<typeof OrderView>;

const State = z.enum([...OrderLife.options, ...OrderPayment.options, ...OrderFulfillment.options]);
const Move = z
  .object({
    state: z.enum(['life', 'payment', 'fulfillment']).meta({ description: 'The state that moved.' }),
    from: State.nullable().meta({ description: 'Null when the order was placed.' }),
    to: State,
    at: Instant,
    by: z.string().meta({ description: 'The user, or the part of the shop, that moved it.' }),
    reason: z.string().nullable(),
  })
  .meta({
    examples: [{ state: 'payment', from: 'unpaid', to: 'paid', at: '2026-01-31T12:05:00.000Z', by: 'payments', reason: null }],
  });

export const History = z.object({
  data: z.array(Move),
  failedPayments: z.array(
    z.object({
      paymentId: PaymentId,
      at: Instant,
      code: z.string().meta({ description: "The provider's reason.", examples: ['card_declined'] }),
    }),
  ),
});

import { may, type User } from '@sidecart/chassis/auth';
import { DomainError, found } from '@sidecart/chassis/errors';
import { IdempotencyKey } from '@sidecart/chassis/idempotency';
import { routes } from '@sidecart/chassis/routes';
import type { Store } from '@sidecart/chassis/store';
import { OrderId, PaymentId } from '@sidecart/contracts/common';
import { z } from 'zod';
import type { Cashier } from './cashier.js';
import type { Payment } from './payment.js';
import type { Provider } from './provider.js';
import { PaymentView, PayOrder } from './schemas.js';
import { billKey, paymentKey } from './store.js';

const Signature = z
  .string()
  .max(1_000)
  .meta({ examples: ['t=1769860800,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd'] });

/** Read from the raw bytes once the signature fits. */
const ProviderEvent = z.looseObject({}).meta({
  description: 'An event of the provider.',
  examples: [{ id: 'evt_1', object: 'event', type: 'payment_intent.succeeded', data: { object: { id: 'pi_1' } } }],
});

export interface RouteOptions {
  store: Store;
  cashier: Cashier;
  provider: Provider;
}

export function paymentRoutes({ store, cashier, provider }: RouteOptions) {
  const to = routes('Payments');

  to.post(
    '/api/payments',
    {
      summary: 'Pays an order. A declined card is an answer too: the payment with status `failed`. One that takes longer is `processing`.',
      access: 'customer',
      rows: [39],
      headers: IdempotencyKey,
      body: PayOrder,
      reply: PaymentView,
      status: 201,
      problems: {
        403: 'The account is suspended.',
        404: 'There is no such order of yours.',
        409: 'The order cannot be paid any more, or another payment is under way.',
      },
    },
    async ({ user, body, headers }) => {
      if (!provider.accepts(body.paymentMethodId)) throw unknownMethod();
      return view(await cashier.pay(user.id, body, headers['idempotency-key']));
    },
  );

  to.get(
    '/api/payments',
    {
      summary: 'Lists the payments of an order of the caller’s, newest first.',
      access: 'customer',
      rows: [40],
      query: z.strictObject({ orderId: OrderId }),
      reply: z.object({ data: z.array(PaymentView), next: z.null() }),
    },
    async ({ user, query }) => {
      const bill = await store.read(billKey(query.orderId));
      const ids = bill && maySee(bill, user) ? bill.attempts.toReversed() : [];
      const payments = await Promise.all(ids.map((id) => store.read(paymentKey(id))));
      return { data: payments.filter((payment) => payment !== undefined).map(view), next: null };
    },
  );

  to.get(
    '/api/payments/:id',
    {
      summary: 'One payment.',
      access: 'customer',
      rows: [40],
      params: z.object({ id: PaymentId }),
      reply: PaymentView,
      problems: { 404: 'There is no such payment of yours.' },
    },
    async ({ user, params }) => {
      const payment = await store.read(paymentKey(params.id));
      return view(found(payment && maySee(payment, user) ? payment : undefined, 'The payment'));
    },
  );

  to.post(
    '/api/payments/webhook',
    {
      summary: 'Takes the events of the payment provider, which are signed over the raw bytes.',
      access: 'public',
      rows: [41],
      headers: z.object({ 'stripe-signature': Signature }),
      body: ProviderEvent,
      limit: 'network',
      reply: z.object({ received: z.literal(true) }),
    },
    async ({ req, headers }) => {
      const event = await provider.verifyWebhook(req.rawBody ?? Buffer.alloc(0), headers['stripe-signature']);
      if (event) await cashier.hear(event);
      return { received: true as const };
    },
  );

  return to;
}

const maySee = ({ userId }: { userId: string }, user: User) => userId === user.id || may(user, 'payments');

const unknownMethod = () =>
  new DomainError('invalid', 'validation-failed', 'Some fields are missing, malformed or unknown.', {
    errors: [{ field: 'paymentMethodId', message: 'not a payment method of the provider' }],
  });

function view({ id, orderId, amount, method, status, failure, createdAt, history }: Payment): PaymentView {
  return { id, orderId, amount, paymentMethodId: method, status, failure, createdAt, history };
}

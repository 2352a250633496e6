import { found, invalidField } from '@sidecart/chassis/errors';
import { IdempotencyKey } from '@sidecart/chassis/idempotency';
import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Store } from '@sidecart/chassis/store';
import { may, type User } from '@sidecart/contracts/access-token';
import type { Cashier } from './cashier.js';
import type { Payment } from './payment.js';
import type { Provider } from './provider.js';
import { ById, ByOrder, Payments, PaymentView, PayOrder, ProviderEvent, Received, WebhookHeaders } from './schemas.js';
import { intentKey, paymentKey } from './store.js';

export interface RouteOptions {
  store: Store;
  cashier: Cashier;
  provider: Provider;
}

export function paymentRoutes({ store, cashier, provider }: RouteOptions): Routes {
  const api = routes('payments');

  api.post(
    '/api/payments',
    {
      summary:
        'Pays an order. If the card is declined, the answer is a payment with the status `failed`; if it takes longer, `processing`.',
      access: 'customer',
      rows: [39],
      headers: IdempotencyKey,
      body: PayOrder,
      reply: PaymentView,
      status: 201,
      problems: {
        403: 'The account is suspended.',
        404: 'There is no such order, or it belongs to someone else.',
        409: 'The order cannot be paid any more, or another payment is in progress.',
      },
    },
    async ({ user, body, headers }) => {
      if (!provider.accepts(body.paymentMethodId)) throw invalidField('paymentMethodId', 'The provider has no such payment method.');
      return view(await cashier.pay(user.id, body, headers['idempotency-key']));
    },
  );

  api.get(
    '/api/payments',
    { summary: 'Lists the payments of one of your orders, newest first.', access: 'customer', rows: [40], query: ByOrder, reply: Payments },
    async ({ user, query }) => {
      const intent = await store.read(intentKey(query.orderId));
      const ids = intent && maySee(intent, user) ? intent.attempts.toReversed() : [];
      const payments = await Promise.all(ids.map((id) => store.read(paymentKey(id))));
      return { data: payments.filter((payment) => payment !== undefined).map(view), next: null };
    },
  );

  api.get(
    '/api/payments/:id',
    {
      summary: 'Returns a payment.',
      access: 'customer',
      rows: [40],
      params: ById,
      reply: PaymentView,
      problems: { 404: 'There is no such payment, or it belongs to someone else.' },
    },
    async ({ user, params }) => {
      const payment = await store.read(paymentKey(params.id));
      return view(found(payment && maySee(payment, user) ? payment : undefined, 'The payment'));
    },
  );

  addWebhook(api, { cashier, provider });
  return api;
}

function addWebhook(api: Routes, { cashier, provider }: Pick<RouteOptions, 'cashier' | 'provider'>): void {
  api.post(
    '/api/payments/webhook',
    {
      summary: 'Receives the events of the payment provider, signed over the raw bytes.',
      access: 'public',
      rows: [41],
      headers: WebhookHeaders,
      body: ProviderEvent,
      limit: 'network',
      reply: Received,
    },
    async ({ req, headers }) => {
      const event = await provider.verifyWebhook(req.rawBody ?? Buffer.alloc(0), headers['stripe-signature']);
      if (event) await cashier.receive(event);
      return { received: true as const };
    },
  );
}

const maySee = ({ userId }: { userId: string }, user: User) => userId === user.id || may(user, 'payments');

const view = ({ id, orderId, amount, method, status, failure, createdAt, history }: Payment): PaymentView => ({
  id,
  orderId,
  amount,
  paymentMethodId: method,
  status,
  failure,
  createdAt,
  history,
});

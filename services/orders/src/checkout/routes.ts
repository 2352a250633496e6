import { IdempotencyKey } from '@sidecart/chassis/idempotency';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { OrderView } from '../order/schemas.js';
import { view } from '../order/view.js';
import type { PlaceOrder as Place } from './place-order.js';
import { PlaceOrder } from './schemas.js';

export function checkoutRoutes(placeOrder: Place): Routes {
  const api = routes('orders');

  api.post(
    '/api/orders',
    {
      summary: 'Orders what is in the cart, or the items of the body, and reserves the stock until the order is paid or expires.',
      access: 'customer',
      rows: [30, 31, 32],
      headers: IdempotencyKey,
      body: PlaceOrder,
      reply: OrderView,
      status: 201,
      problems: {
        403: 'The account is suspended, or its address must be verified first.',
        409: 'The cart is empty or already ordered, too many orders are unpaid, or SKUs that the problem lists are short or not for sale.',
      },
    },
    async ({ user, body: { items, address, note }, headers }) => {
      const request = { items: items ?? null, address: address ?? null, note: note ?? null };
      return view(await placeOrder(user, request, headers['idempotency-key']));
    },
  );

  return api;
}

import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { BySku } from '../stock/schemas.js';
import type { Subscribers } from './store.js';

const NOT_FOUND = { 404: 'The SKU has no stock record.' };

/** A customer's subscriptions to SKUs that are out of stock. */
export function subscriberRoutes(subscribers: Subscribers): Routes {
  const api = routes('inventory');

  api.post(
    '/api/inventories/:sku/subscription',
    {
      summary: 'Has the caller mailed once when the SKU is back in stock. Needs a verified email address.',
      access: 'customer',
      rows: [25],
      params: BySku,
      problems: {
        ...NOT_FOUND,
        403: 'The email address is not verified.',
        409: 'The SKU is in stock, or the caller or the SKU has too many subscriptions.',
      },
    },
    async ({ params: { sku }, user }) => {
      if (!user.verified) throw new DomainError('forbidden', 'address-not-verified', 'Verify your email address first, then try again.');
      await subscribers.subscribe(sku, { userId: user.id, email: user.email, name: user.name });
    },
  );

  api.delete(
    '/api/inventories/:sku/subscription',
    { summary: 'Ends the caller’s subscription to a SKU.', access: 'customer', rows: [25], params: BySku },
    ({ params: { sku }, user }) => subscribers.unsubscribe(sku, user.id),
  );

  return api;
}

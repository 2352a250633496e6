import { routes, type Routes } from '@sidecart/chassis/routes';
import { z } from 'zod';
import type { ChangeCarts } from '../cart/change.js';
import { customer, guest } from '../cart/owner.js';
import { openPrices, type Catalog } from '../cart/prices.js';
import { SESSION } from '../cart/schemas.js';
import { view } from '../cart/view.js';
import { leftOut, mergeCarts } from './merge.js';
import { GuestHeaders, MergedView } from './schemas.js';

export interface MergeRoutesOptions extends Catalog {
  changeCarts: ChangeCarts;
  currency: string;
}

export function mergeRoutes({ changeCarts, quote, currency }: MergeRoutesOptions): Routes {
  const api = routes('carts');

  api.post(
    '/api/cart/merge',
    {
      summary: "Moves the items of a guest's cart into your cart, as far as there is stock and room.",
      access: 'customer',
      rows: [27],
      headers: GuestHeaders,
      body: z.strictObject({}),
      reply: MergedView,
    },
    async ({ headers, user, req }) => {
      const [guests, customers] = [guest(headers[SESSION]), customer(user.id)];
      const { before, after } = await mergeCarts(changeCarts, { session: headers[SESSION], userId: user.id, ip: req.ip });
      const cart = await view(after(customers), openPrices({ quote }), currency);
      return { ...cart, adjusted: leftOut(before(guests), before(customers), after(customers)) };
    },
  );

  return api;
}

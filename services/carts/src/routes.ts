import { randomUUID } from 'node:crypto';
import type { User } from '@sidecart/chassis/auth';
import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { MAX_QUANTITY, Quantity, Sku } from '@sidecart/contracts/common';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { leftOut, quantityOf, want, type Cart, type Item, type Want } from './cart.js';
import { merge } from './merge.js';
import { customer, guest, type Owner } from './owner.js';
import { openPrices, type Catalog, type Prices } from './prices.js';
import type { Carts } from './store.js';
import type { Update } from './update.js';
import { CartView, MergedView, view } from './view.js';

const SESSION = 'x-cart-session-id';
const Session = z
  .string()
  .regex(/^[\w-]{16,64}$/, '16 to 64 letters, digits, - and _')
  .meta({ description: "Names a guest's cart; a guest without one gets one in the answer.", examples: ['guest-6f1d0c8a7b2e4935'] });
const Guest = z.object({ [SESSION]: Session.optional() });
const BySku = z.object({ sku: Sku });
const NewItem = z.strictObject({ sku: Sku, quantity: Quantity });
const NewQuantity = z.strictObject({
  quantity: z
    .number()
    .int()
    .min(0)
    .max(MAX_QUANTITY)
    .meta({ examples: [3] }),
});

const SHORT = 'There is too little stock, or guests hold their share of it (the problem names the line), or the cart is full.';
const LIMITED = "Guests' carts at this network address hold their limit of pieces. Sign in to add more, or try again later.";

export interface CartRoutesOptions extends Catalog {
  carts: Carts;
  update: Update;
  currency: string;
}

/** The cart of a customer, or of a guest by the session header. */
export function cartRoutes({ carts, update, quote, currency }: CartRoutesOptions): Routes {
  const cart = routes('carts');

  /** Changes a cart, and answers it at the prices of now; those of the items that stay are asked for while stock is held. */
  async function change(owner: Owner, price: Prices, plan: (before: Cart) => Promise<Want[]> | Want[]): Promise<CartView> {
    const { after } = await update({ owners: [owner], plan: (cartOf) => plan(cartOf(owner)) });
    return view(after(owner), price, currency);
  }

  function set(owner: Owner, sku: string, target: (has: number) => number): Promise<CartView> {
    const price = openPrices({ quote });
    const asked = price(sku);
    return change(owner, price, async (before) => {
      for (const item of before.items) void price(item.sku);
      const quoted = await asked;
      if (!quoted) throw new DomainError('missing', 'not-for-sale', `${sku} is not for sale.`);
      return [want(before, { sku, productId: quoted.productId, quantity: target(quantityOf(before, sku)) })];
    });
  }

  function remove(owner: Owner, goes: (item: Item) => boolean): Promise<CartView> {
    const price = openPrices({ quote });
    return change(owner, price, (before) => {
      for (const item of before.items) if (!goes(item)) void price(item.sku);
      return before.items.filter(goes).map((item) => want(before, { ...item, quantity: 0 }));
    });
  }

  const shown = { access: 'public' as const, rows: [26, 27, 28], headers: Guest, reply: CartView };

  cart.get('/api/cart', { ...shown, summary: 'Shows the cart at the prices of now.' }, async (asked) =>
    view(await carts.read(ownerOf(asked)), openPrices({ quote }), currency),
  );

  cart.post(
    '/api/cart/items',
    {
      ...shown,
      summary: 'Adds pieces of a SKU, and holds them for a while.',
      body: NewItem,
      problems: { 404: 'The product is not for sale.', 409: SHORT, 429: LIMITED },
    },
    (asked) => set(ownerOf(asked), asked.body.sku, (has) => has + asked.body.quantity),
  );

  cart.put(
    '/api/cart/items/:sku',
    {
      ...shown,
      summary: 'Sets how many pieces of a SKU the cart has; 0 removes it.',
      params: BySku,
      body: NewQuantity,
      problems: { 404: 'The product is not for sale.', 409: SHORT, 429: LIMITED },
    },
    (asked) => {
      const { sku } = asked.params;
      const { quantity } = asked.body;
      return quantity === 0 ? remove(ownerOf(asked), (item) => item.sku === sku) : set(ownerOf(asked), sku, () => quantity);
    },
  );

  cart.delete('/api/cart/items/:sku', { ...shown, summary: 'Removes a line.', params: BySku }, (asked) =>
    remove(ownerOf(asked), (item) => item.sku === asked.params.sku),
  );

  cart.delete('/api/cart', { ...shown, summary: 'Removes everything.' }, (asked) => remove(ownerOf(asked), () => true));

  cart.post(
    '/api/cart/merge',
    {
      summary: "Puts the items of a guest's cart into the customer's, as far as there is stock, and empties it.",
      access: 'customer',
      rows: [27],
      headers: Guest.required(),
      body: z.strictObject({}),
      reply: MergedView,
    },
    async ({ headers, user, req }) => {
      const [guests, customers] = [guest(headers[SESSION]), customer(user.id)];
      const { before, after } = await merge(update, { session: headers[SESSION], userId: user.id, ip: req.ip });
      const shown = await view(after(customers), openPrices({ quote }), currency);
      return { ...shown, adjusted: leftOut(before(guests), before(customers), after(customers)) };
    },
  );

  return cart;
}

interface Asked {
  user: User | undefined;
  headers: z.infer<typeof Guest>;
  req: Request;
  res: Response;
}

/** The customer if there is a token, else the guest, who gets the session back in a header. */
function ownerOf({ user, headers, req, res }: Asked): Owner {
  if (user) return customer(user.id);
  const session = headers[SESSION] ?? randomUUID();
  res.setHeader(SESSION, session);
  return guest(session, req.ip);
}

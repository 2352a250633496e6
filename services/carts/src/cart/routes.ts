import { randomUUID } from 'node:crypto';
import { DomainError } from '@sidecart/chassis/errors';
import { routes, type Routes } from '@sidecart/chassis/routes';
import type { User } from '@sidecart/contracts/access-token';
import type { Request, Response } from 'express';
import { quantityOf, target, type Cart, type Item, type Target } from './cart.js';
import type { ChangeCarts } from './change.js';
import { customer, guest, type Owner } from './owner.js';
import { openPrices, type Catalog, type Prices } from './prices.js';
import { BySku, CartHeaders, CartView, NewItem, NewQuantity, SESSION } from './schemas.js';
import type { Carts } from './store.js';
import { view } from './view.js';

export interface CartRoutesOptions extends Catalog {
  carts: Carts;
  changeCarts: ChangeCarts;
  currency: string;
}

const REFUSALS = {
  404: 'The SKU is not for sale.',
  409: 'There is too little stock, guests already hold their share of it (the problem lists the line), or the cart is full.',
  429: 'Guest carts at this network address hold the most pieces allowed. Sign in to add more, or try again later.',
};

/** The cart of a customer, by the access token, or of a guest, by the session header. */
export function cartRoutes({ carts, changeCarts, quote, currency }: CartRoutesOptions): Routes {
  const api = routes('carts');
  const described = { access: 'public' as const, rows: [26, 27, 28], headers: CartHeaders, replyHeaders: CartHeaders, reply: CartView };
  const { setQuantity, removeItems } = changes({ changeCarts, quote, currency });

  api.get('/api/cart', { ...described, summary: 'Returns the cart at current prices.' }, async (request) =>
    view(await carts.read(ownerOf(request)), openPrices({ quote }), currency),
  );

  api.post(
    '/api/cart/items',
    { ...described, summary: 'Adds pieces of a SKU to the cart, and holds them for a while.', body: NewItem, problems: REFUSALS },
    (request) => setQuantity(ownerOf(request), request.body.sku, (before) => before + request.body.quantity),
  );

  api.put(
    '/api/cart/items/:sku',
    { ...described, summary: 'Sets the quantity of a SKU; 0 removes it.', params: BySku, body: NewQuantity, problems: REFUSALS },
    (request) => {
      const { sku } = request.params;
      const { quantity } = request.body;
      return quantity === 0
        ? removeItems(ownerOf(request), (item) => item.sku === sku)
        : setQuantity(ownerOf(request), sku, () => quantity);
    },
  );

  api.delete('/api/cart/items/:sku', { ...described, summary: 'Removes a SKU from the cart.', params: BySku }, (request) =>
    removeItems(ownerOf(request), (item) => item.sku === request.params.sku),
  );

  api.delete('/api/cart', { ...described, summary: 'Empties the cart.' }, (request) => removeItems(ownerOf(request), () => true));

  return api;
}

/**
 * The changes of one cart. Each returns the cart at current prices, which are asked for while stock
 * is held.
 */
function changes({ changeCarts, quote, currency }: Omit<CartRoutesOptions, 'carts'>) {
  async function change(owner: Owner, price: Prices, plan: (before: Cart) => Promise<Target[]> | Target[]): Promise<CartView> {
    const { after } = await changeCarts({ owners: [owner], plan: (cartOf) => plan(cartOf(owner)) });
    return view(after(owner), price, currency);
  }

  function setQuantity(owner: Owner, sku: string, quantity: (before: number) => number): Promise<CartView> {
    const price = openPrices({ quote });
    const asked = price(sku);
    return change(owner, price, async (before) => {
      for (const item of before.items) void price(item.sku);
      const quoted = await asked;
      if (!quoted) throw new DomainError('missing', 'not-for-sale', `${sku} is not for sale.`);
      return [target(before, { sku, productId: quoted.productId, quantity: quantity(quantityOf(before, sku)) })];
    });
  }

  function removeItems(owner: Owner, isRemoved: (item: Item) => boolean): Promise<CartView> {
    const price = openPrices({ quote });
    return change(owner, price, (before) => {
      for (const item of before.items) if (!isRemoved(item)) void price(item.sku);
      return before.items.filter(isRemoved).map((item) => target(before, { ...item, quantity: 0 }));
    });
  }

  return { setQuantity, removeItems };
}

interface CartRequest {
  user: User | undefined;
  headers: CartHeaders;
  req: Request;
  res: Response;
}

/**
 * Returns the customer if there is a token, else the guest, whose session is sent back in a header.
 */
function ownerOf({ user, headers, req, res }: CartRequest): Owner {
  if (user) return customer(user.id);
  const session = headers[SESSION] ?? randomUUID();
  res.setHeader(SESSION, session);
  return guest(session, req.ip);
}

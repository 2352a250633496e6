import { z } from 'zod';
import { BareItem, CartHeaders, CartView } from '../cart/schemas.js';

export const GuestHeaders = CartHeaders.required();

const Adjusted = BareItem.extend({
  quantity: z.int().meta({ examples: [2] }),
  requested: z.int().meta({ examples: [3] }),
});

export const MergedView = CartView.extend({
  adjusted: z.array(Adjusted).meta({
    description: 'Lines that did not fit: `requested` is the quantity in both carts, `quantity` what the cart has now.',
  }),
}).meta({ id: 'MergedCart' });

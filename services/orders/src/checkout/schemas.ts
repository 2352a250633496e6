import { PostalAddress } from '@sidecart/contracts/address';
import { MAX_LINES, Quantity, Sku } from '@sidecart/contracts/common';
import { z } from 'zod';

export const PlaceOrder = z.strictObject({
  items: z
    .array(z.strictObject({ sku: Sku, quantity: Quantity }))
    .min(1)
    .max(MAX_LINES)
    .optional()
    .meta({ description: 'What to order. If missing, everything in the cart.' }),
  address: PostalAddress.optional(),
  note: z
    .string()
    .trim()
    .min(1)
    .max(1_000)
    .optional()
    .meta({ examples: ['Ring twice.'] }),
});

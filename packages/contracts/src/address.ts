import { iso31661 } from 'iso-3166/1.js';
import { z } from 'zod';

const COUNTRIES = new Set(iso31661.map(({ alpha2 }) => alpha2));

/** An ISO 3166-1 alpha-2 code. */
export const Country = z
  .string()
  .refine((code) => COUNTRIES.has(code), 'Use an ISO 3166 code such as AT.')
  .meta({ examples: ['AT'] });

const text = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^\P{Cc}*$/u, 'Use no control characters.');

/** A postal address: people save theirs, and an order keeps a copy. */
export const PostalAddress = z
  .strictObject({
    name: text(100).meta({ examples: ['Bea'] }),
    line1: text(200).meta({ examples: ['Gasse 1'] }),
    line2: text(200)
      .optional()
      .meta({ examples: ['Top 7'] }),
    postalCode: text(20).meta({ examples: ['1010'] }),
    city: text(100).meta({ examples: ['Wien'] }),
    region: text(100)
      .optional()
      .meta({ examples: ['Wien'] }),
    country: Country,
    phone: text(40)
      .optional()
      .meta({ examples: ['+4915112345678'] }),
  })
  .meta({ id: 'Address' });
export type PostalAddress = z.infer<typeof PostalAddress>;

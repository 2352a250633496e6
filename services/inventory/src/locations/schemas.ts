import { Country } from '@sidecart/contracts/address';
import { LocationId, MAX_LOCATIONS } from '@sidecart/contracts/inventory';
import { z } from 'zod';

const Name = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^\P{Cc}*$/u, 'Use no control characters.')
  .meta({ examples: ['Vienna'] });
const Countries = z
  .array(Country)
  .max(250)
  .refine((codes) => new Set(codes).size === codes.length, 'Name each country once.')
  .meta({ description: 'The countries that it serves before other locations, the nearest first.', examples: [['AT', 'DE']] });
const Active = z.boolean().meta({ description: 'An inactive location gets no stock.', examples: [true] });

export const ByLocation = z.object({ location: LocationId });

export const NewLocation = z.strictObject({ id: LocationId, name: Name, countries: Countries.default([]) });

export const LocationChange = z.strictObject({ name: Name.optional(), countries: Countries.optional(), active: Active.optional() });

export const LocationView = z.object({ id: LocationId, name: Name, countries: Countries, active: Active }).meta({ id: 'Location' });

export const LocationList = z.object({ data: z.array(LocationView).max(MAX_LOCATIONS) });

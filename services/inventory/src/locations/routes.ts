import { routes, type Routes } from '@sidecart/chassis/routes';
import { byId } from './location.js';
import { ByLocation, LocationChange, LocationList, LocationView, NewLocation } from './schemas.js';
import type { LocationTable } from './store.js';

const STAFF = { staff: 'inventory' } as const;
const NOT_FOUND = { 404: 'There is no such location.' };
const IN_USE = { 409: 'It has stock, or it is the default location.' };
const ROWS = [21];

/** The table of locations, which staff edit. */
export function locationRoutes(locations: LocationTable): Routes {
  const api = routes('inventory');

  api.get(
    '/api/inventories/locations',
    { summary: 'Lists the locations of stock.', access: STAFF, rows: ROWS, reply: LocationList },
    async () => ({ data: [...(await locations.all())].map((location) => ({ ...location, countries: [...location.countries] })) }),
  );

  api.post(
    '/api/inventories/locations',
    {
      summary: 'Adds a location.',
      access: STAFF,
      rows: ROWS,
      body: NewLocation,
      reply: LocationView,
      status: 201,
      problems: { 409: 'The id is taken, or there are 50 locations.' },
    },
    async ({ body }) => view(await locations.add({ ...body, active: true }), body.id),
  );

  api.patch(
    '/api/inventories/locations/:location',
    {
      summary: 'Changes a location.',
      access: STAFF,
      rows: ROWS,
      params: ByLocation,
      body: LocationChange,
      reply: LocationView,
      problems: { ...NOT_FOUND, ...IN_USE },
    },
    async ({ params, body: { name, countries, active } }) => {
      const changes = {
        ...(name === undefined ? {} : { name }),
        ...(countries === undefined ? {} : { countries }),
        ...(active === undefined ? {} : { active }),
      };
      return view(await locations.change(params.location, changes), params.location);
    },
  );

  api.delete(
    '/api/inventories/locations/:location',
    {
      summary: 'Deletes a location without stock.',
      access: STAFF,
      rows: ROWS,
      params: ByLocation,
      problems: { ...NOT_FOUND, ...IN_USE },
    },
    async ({ params }) => {
      await locations.remove(params.location);
    },
  );

  return api;
}

function view(...[locations, id]: Parameters<typeof byId>) {
  const location = byId(locations, id);
  return { ...location, countries: [...location.countries] };
}

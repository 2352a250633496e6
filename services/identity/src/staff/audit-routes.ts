import { page, pageOf, PageQuery } from '@sidecart/chassis/lists';
import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Store } from '@sidecart/chassis/store';
import { z } from 'zod';
import { AccountId, Act } from '../accounts/schemas.js';
import { trail, trailOf } from '../accounts/trail.js';

export function auditRoutes(store: Store): Routes {
  const audit = routes('audit');

  audit.get(
    '/api/audit',
    { summary: 'Lists who changed which account, newest first.', access: 'admin', rows: [9], query: PageQuery, reply: pageOf(Act) },
    ({ query }) => page(store, trail, query),
  );

  audit.get(
    '/api/users/:id/audit',
    {
      summary: 'Lists the changes of an account, newest first. They are kept when the account is deleted.',
      access: 'admin',
      rows: [9],
      params: z.strictObject({ id: AccountId }),
      query: PageQuery,
      reply: pageOf(Act),
    },
    ({ params: { id }, query }) => page(store, trailOf(id), query),
  );

  return audit;
}

import { pageOf, PageQuery } from '@sidecart/chassis/lists';
import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Store } from '@sidecart/chassis/store';
import { Message } from './message.js';
import { messagePage } from './store.js';

export function messageRoutes(store: Store): Routes {
  const to = routes('notifications');

  to.get(
    '/api/notifications/emails',
    {
      summary: 'All mails that were sent, newest first.',
      access: 'admin',
      rows: [44],
      query: PageQuery,
      reply: pageOf(Message),
    },
    ({ query }) => messagePage(store, query),
  );

  return to;
}

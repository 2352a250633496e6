import { pageOf, PageQuery } from '@sidecart/chassis/lists';
import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Store } from '@sidecart/chassis/store';
import { Message } from './schemas.js';
import { messagePage } from './store.js';

export function messageRoutes(store: Store): Routes {
  const notifications = routes('notifications');

  notifications.get(
    '/api/notifications/emails',
    {
      summary: 'Lists mails and text messages with their status, newest first.',
      access: 'admin',
      rows: [44],
      query: PageQuery,
      reply: pageOf(Message),
    },
    ({ query }) => messagePage(store, query),
  );

  return notifications;
}

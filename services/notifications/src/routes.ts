import { pageOf, PageQuery } from '@sidecart/chassis/lists';
import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Store } from '@sidecart/chassis/store';
import { MessageView } from './schemas.js';
import { messagePage } from './store.js';
import { view } from './view.js';

export function messageRoutes(store: Store): Routes {
  const notifications = routes('notifications');

  notifications.get(
    '/api/notifications/emails',
    {
      summary: 'Lists mails and text messages with their status, newest first.',
      access: 'admin',
      rows: [44],
      query: PageQuery,
      reply: pageOf(MessageView),
    },
    async ({ query }) => {
      const { data, next } = await messagePage(store, query);
      return { data: data.map(view), next };
    },
  );

  return notifications;
}

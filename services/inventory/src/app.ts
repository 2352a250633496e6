import { createDeadlines } from '@sidecart/chassis/deadlines';
import type { Documents } from '@sidecart/chassis/documents';
import type { App, Deps } from '@sidecart/chassis/service';
import { subscriptions } from '@sidecart/chassis/subscriptions';
import type { Settings } from './config.js';
import { holdCalls } from './holds/calls.js';
import { openHolds } from './holds/store.js';
import { dueLapse } from './lapses.js';
import { listRoutes } from './list/routes.js';
import { createStockIndex } from './list/stock-index.js';
import { readStateId } from './list/store.js';
import { subscribeList } from './list/subscriptions.js';
import { locationRoutes } from './locations/routes.js';
import { openLocations } from './locations/store.js';
import { createArrivals } from './reservations/arrivals.js';
import { reservationCalls } from './reservations/calls.js';
import { openReservations } from './reservations/store.js';
import { subscribeReservations } from './reservations/subscriptions.js';
import { stockCalls } from './stock/calls.js';
import { stockRoutes } from './stock/routes.js';
import { openStocks } from './stock/store.js';
import { subscribeStock } from './stock/subscriptions.js';
import { subscriberRoutes } from './subscribers/routes.js';
import { openSubscribers } from './subscribers/store.js';
import { subscribeSubscribers } from './subscribers/subscriptions.js';

export interface InventoryDeps extends Pick<Deps<Settings>, 'settings' | 'store' | 'logger'> {
  documents: Documents;
  now?: () => Date;
}

export async function createApp({ settings, store, logger, documents, now = () => new Date() }: InventoryDeps): Promise<App> {
  const stocks = openStocks(store);
  const waiting = createArrivals(store);
  const lapses = createDeadlines({ store, name: 'lapse', due: (id) => dueLapse({ holds, reservations }, id) });
  const arrivals = createDeadlines({ store, name: 'arrival', due: (id) => waiting.due(id) });
  const holds = openHolds(store, lapses);
  const reservations = openReservations({ store, lapses, arrivals });
  const subscribers = openSubscribers(store);
  const index = await createStockIndex({ documents, store, stocks, stateId: await readStateId(store), logger });
  await index.ensure();
  const limits = { percent: settings.GUEST_HOLD_PERCENT, pieces: settings.GUEST_HOLD_PIECES };
  const threshold = settings.LOW_STOCK_THRESHOLD;
  const events = subscriptions({ app: 'inventory', logger });
  subscribeStock(events, { stocks, threshold, onChange: index.refresh });
  subscribeReservations(events, { reservations, onWaiting: waiting.fill });
  subscribeList(events, index);
  subscribeSubscribers(events, subscribers);
  return {
    routes: [
      listRoutes(index),
      locationRoutes(openLocations(store)), // before /api/inventories/:sku
      stockRoutes({ store, stocks, threshold, onChange: (sku) => index.attempt(sku), onArrival: waiting.fill }),
      subscriberRoutes(subscribers),
      stockCalls({ stocks, now }),
      holdCalls({ holds, limits, now }),
      reservationCalls({ reservations, now }),
    ],
    subscriptions: events,
    async onCron(at) {
      await lapses.drain(at);
      await arrivals.drain(at);
    },
    close: () => documents.close(),
  };
}

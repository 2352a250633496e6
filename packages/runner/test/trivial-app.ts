/** A minimal app beside a sidecar: it is healthy, subscribes to one topic and counts its events. */
import { createServer } from 'node:http';
import { getHeapStatistics } from 'node:v8';

const { APP_ID, APP_PORT, APP_API_TOKEN, TOPIC = APP_ID } = process.env;
if (process.env['CRASH'] === APP_ID) throw new Error('crashed on purpose');

let events = 0;
const replies: Record<string, () => unknown> = {
  '/health/events': () => ({}),
  ...(process.env['NEVER_READY'] !== APP_ID && { '/health/ready': () => ({}) }),
  '/dapr/subscribe': () => [{ pubsubname: 'pubsub', topic: TOPIC, route: '/events' }],
  '/events': () => ({ status: ++events > 0 ? 'SUCCESS' : 'RETRY' }),
  '/count': () => events,
  '/heap': () => getHeapStatistics().heap_size_limit,
  '/api/greeting': () => Reflect.get(globalThis, 'greeting'),
  [`/api/${APP_ID}`]: () => ({ service: APP_ID }),
};

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const trusted = /^\/(health|api)\//.test(pathname) || request.headers['dapr-api-token'] === APP_API_TOKEN;
  const reply = replies[pathname];
  response.writeHead(!trusted ? 401 : reply ? 200 : 404, { 'content-type': 'application/json' });
  response.end(JSON.stringify(trusted && reply ? reply() : null));
});
server.listen(Number(APP_PORT), '127.0.0.1');
process.once('SIGTERM', () => {
  console.log('drained');
  process.exit(0);
});

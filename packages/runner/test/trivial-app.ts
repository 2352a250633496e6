/** The smallest app that runs beside a sidecar: it is healthy, subscribes to its own topic and counts its events. */
import { createServer } from 'node:http';

const { APP_ID, APP_PORT, APP_API_TOKEN } = process.env;
if (process.env['CRASH'] === APP_ID) throw new Error('crashed on purpose');

let events = 0;
const answers: Record<string, () => unknown> = {
  '/health/events': () => ({}),
  ...(process.env['NEVER_READY'] !== APP_ID && { '/health/ready': () => ({}) }),
  '/dapr/subscribe': () => [{ pubsubname: 'pubsub', topic: APP_ID, route: '/events' }],
  '/events': () => ({ status: ++events > 0 ? 'SUCCESS' : 'RETRY' }),
  '/count': () => events,
};

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const trusted = pathname.startsWith('/health') || request.headers['dapr-api-token'] === APP_API_TOKEN;
  const answer = answers[pathname];
  response.writeHead(!trusted ? 401 : answer ? 200 : 404, { 'content-type': 'application/json' });
  response.end(JSON.stringify(trusted && answer ? answer() : null));
});
server.listen(Number(APP_PORT), '127.0.0.1');
process.once('SIGTERM', () => {
  console.log('drained');
  process.exit(0);
});

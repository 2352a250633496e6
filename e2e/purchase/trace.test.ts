import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { root } from '@sidecart/runner/root';
import { until } from '@sidecart/runner/until';
import { z } from 'zod';
import { aCustomer, signIn, type Ask, type Customer } from '../support/api.js';
import { startCollector, type Collector, type Span } from './collector.js';
import { someGoods, type Goods } from '../support/goods.js';
import { askedMetrics, metricNames } from './promql.js';
import { sidecarMetrics } from './sidecar-metrics.js';

/**
 * Every caller and callee when a customer orders a cart and pays by bank debit. Left out are state
 * operations of the sidecars, HTTP client spans in between, and calls for identity's keys, which
 * depend on timing.
 */
const EDGES = `
edge: POST > orders: POST /api/orders
orders: POST /api/orders > orders sidecar: CallLocal/carts/internal/cart
orders sidecar: CallLocal/carts/internal/cart > carts sidecar: CallLocal/carts/internal/cart
carts sidecar: CallLocal/carts/internal/cart > carts: POST /internal/cart
orders: POST /api/orders > orders sidecar: CallLocal/catalog/internal/quote
orders sidecar: CallLocal/catalog/internal/quote > catalog sidecar: CallLocal/catalog/internal/quote
catalog sidecar: CallLocal/catalog/internal/quote > catalog: POST /internal/quote
orders: POST /api/orders > orders sidecar: CallLocal/inventory/internal/reserve
orders sidecar: CallLocal/inventory/internal/reserve > inventory sidecar: CallLocal/inventory/internal/reserve
inventory sidecar: CallLocal/inventory/internal/reserve > inventory: POST /internal/reserve
inventory: POST /internal/reserve > inventory sidecar: publish inventory.reserved
orders: POST /api/orders > orders sidecar: publish order.placed
orders: POST /api/orders > carts sidecar: pubsub/order.placed
carts sidecar: pubsub/order.placed > carts: POST /events/order.placed
carts: POST /events/order.placed > carts sidecar: publish cart.cleared
orders: POST /api/orders > notifications sidecar: pubsub/order.placed
notifications sidecar: pubsub/order.placed > notifications: POST /events/order.placed
notifications: POST /events/order.placed > notifications: send email

edge: POST > payments: POST /api/payments
payments: POST /api/payments > payments sidecar: CallLocal/orders/internal/due
payments sidecar: CallLocal/orders/internal/due > orders sidecar: CallLocal/orders/internal/due
orders sidecar: CallLocal/orders/internal/due > orders: POST /internal/due
payments: POST /api/payments > edge: POST

edge: POST > payments: POST /api/payments/webhook
payments: POST /api/payments/webhook > payments sidecar: publish payment.succeeded
payments: POST /api/payments/webhook > orders sidecar: pubsub/payment.succeeded
orders sidecar: pubsub/payment.succeeded > orders: POST /events/payment.succeeded
orders: POST /events/payment.succeeded > orders sidecar: publish order.paid
orders: POST /events/payment.succeeded > inventory sidecar: pubsub/order.paid
inventory sidecar: pubsub/order.paid > inventory: POST /events/order.paid
inventory: POST /events/order.paid > inventory sidecar: publish inventory.committed
orders: POST /events/payment.succeeded > notifications sidecar: pubsub/order.paid
notifications sidecar: pubsub/order.paid > notifications: POST /events/order.paid
notifications: POST /events/order.paid > notifications: send email
`
  .split('\n')
  .filter(Boolean)
  .toSorted();

const Started = z.object({ edge: z.string(), logs: z.string(), admin: z.object({ email: z.string(), password: z.string() }) });

let folder: string;
let collector: Collector;
let child: ChildProcess;
let shop: z.infer<typeof Started>;
let admin: Ask;
let goods: Goods;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidecart-trace-'));
  collector = await startCollector(folder);
  const env = {
    ...process.env,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    OTEL_BSP_SCHEDULE_DELAY: '200',
    OTEL_METRIC_EXPORT_INTERVAL: '1000',
    OTEL_METRIC_EXPORT_TIMEOUT: '900',
  };
  const execArgv = ['--import', import.meta.resolve('@sidecart/chassis/telemetry')];
  child = fork(new URL('./traced-shop.js', import.meta.url), [folder], { execArgv, env });
  const [started]: unknown[] = await once(child, 'message');
  shop = Started.parse(started);
  admin = await signIn(shop.edge, shop.admin);
  goods = await someGoods(admin, 'TRACED', 1_000);
}, 180_000);

afterAll(async () => {
  if (child?.connected) {
    child.send('stop');
    await once(child, 'exit');
  }
  await collector?.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

/** Returns a new trace and the headers with which a client continues it. */
function aTrace() {
  const traceId = crypto.randomUUID().replaceAll('-', '');
  return { traceId, headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, 'idempotency-key': crypto.randomUUID() } };
}

const spansOf = (traceId: string) => collector.spans.filter((span) => span.traceId === traceId);

/** A span that is not shown counts as part of its parent. */
const isShown = ({ service, name }: Span) =>
  !name.includes('/state/') && !name.includes('internal/keys') && !(name === 'POST' && service !== 'edge');

const labelOf = ({ service, name }: Span) => `${service}: ${name.replace('/v1.0/publish/bulk/pubsub/', 'publish ')}`;

/** Returns each pair of parent and child spans in a trace once. */
function edgesOf(spans: Span[]): string[] {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  function above(span: Span): Span | undefined {
    const parent = byId.get(span.parentSpanId);
    return parent && !isShown(parent) ? above(parent) : parent;
  }
  const edges = spans.filter(isShown).flatMap((span) => {
    const parent = above(span);
    return parent && labelOf(parent) !== labelOf(span) ? [`${labelOf(parent)} > ${labelOf(span)}`] : [];
  });
  return [...new Set(edges)].toSorted();
}

/** How many orders were placed so far. Metrics may count them late. */
let placed = 0;

const buy = ({ ask }: Customer, headers: Record<string, string>) =>
  ask('POST', '/api/orders', { items: [{ sku: goods.sku, quantity: 1 }] }, headers);

test('a checkout is one trace, from the edge through calls, events and the webhook to the mails', async () => {
  const ann = await aCustomer(shop.edge, 'ann');
  await ann.ask('POST', '/api/cart/items', { sku: goods.sku, quantity: 2 });
  const { traceId, headers } = aTrace();
  const { body } = await ann.ask('POST', '/api/orders', {}, headers);
  placed += 1;
  await ann.ask('POST', '/api/payments', { orderId: body.id, paymentMethodId: 'pm_usBankAccount_success' }, headers);
  const missing = () => EDGES.filter((edge) => !edgesOf(spansOf(traceId)).includes(edge));
  await until(
    () => `these edges are in the trace: ${missing().join('\n')}`,
    60,
    async () => missing().length === 0,
  );
  expect(edgesOf(spansOf(traceId))).toEqual(EDGES);
  const lines = (await readFile(join(shop.logs, 'orders.log'), 'utf8')).split('\n');
  const logged = lines.find((line) => line.includes('"path":"/api/orders"') && line.includes(`"trace_id":"${traceId}"`));
  const span = spansOf(traceId).find(({ name }) => name === 'POST /api/orders');
  expect(logged).toContain(`"span_id":"${span?.spanId}"`);
}, 120_000);

test('orders that are committed and published together keep their own traces', async () => {
  // Two customers, because each can have ten unpaid orders.
  const [ben, bea] = [await aCustomer(shop.edge, 'ben'), await aCustomer(shop.edge, 'bea')];
  const traces = Array.from({ length: 20 }, aTrace);
  const answers = await Promise.all(traces.map(({ headers }, index) => buy(index < 10 ? ben : bea, headers)));
  expect(answers.map(({ status }) => status)).toEqual(traces.map(() => 201));
  placed += traces.length;
  const mailed = ({ traceId }: { traceId: string }) =>
    spansOf(traceId).filter(({ service, name }) => service === 'notifications' && name === 'POST /events/order.placed').length;
  await until('each trace has its order.placed event', 60, async () => traces.every((trace) => mailed(trace) > 0));
  expect(traces.map(mailed)).toEqual(traces.map(() => 1));
  const spans = traces.flatMap(({ traceId }) => spansOf(traceId));
  const known = new Set(spans.map(({ traceId, spanId }) => `${traceId} ${spanId}`));
  const links = spans.flatMap((span) =>
    span.links.map((link) => ({ from: span.traceId, to: link.traceId, id: `${link.traceId} ${link.spanId}` })),
  );
  expect(links.length).toBeGreaterThan(0);
  expect(links.every(({ from, to }) => from !== to)).toBe(true);
  await until('the linked spans have arrived', 30, async () => {
    for (const { traceId, spanId } of collector.spans) known.add(`${traceId} ${spanId}`);
    return links.every(({ id }) => known.has(id));
  });
}, 120_000);

/** Returns the value of the first series of a metric with all these labels. */
function valueOf(text: string, metric: string, labels: Record<string, string>): number | undefined {
  const wanted = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  const line = text.split('\n').find((line) => line.startsWith(`${metric}{`) && wanted.every((label) => line.includes(label)));
  return line === undefined ? undefined : Number(/\} ([^ ]+)/.exec(line)?.[1]);
}

test('metrics count orders, revenue, refusals, requests by route, events and mails, with exemplars', async () => {
  const carl = await aCustomer(shop.edge, 'carl');
  const few = await someGoods(admin, 'FEW', 3);
  const before = await until('earlier orders are counted', 30, async () => {
    const text = await collector.metrics();
    return (valueOf(text, 'sidecart_orders_total', { job: 'orders', status: 'placed' }) ?? 0) === placed && text;
  });
  const order = (sku: string, quantity: number) => carl.ask('POST', '/api/orders', { items: [{ sku, quantity }] });
  expect((await order(few.sku, 4)).status).toBe(409);
  const { body } = await order(few.sku, 3);
  await carl.ask('POST', '/api/payments', { orderId: body.id, paymentMethodId: 'pm_card_visa' });
  const becomes = (status: string) =>
    until(`the order is ${status}`, 30, async () => (await carl.ask('GET', `/api/orders/${body.id}`)).body.status === status);
  await becomes('paid');
  await admin('POST', `/api/orders/${body.id}/cancel`, {});
  await becomes('refunded');

  const rises: [string, Record<string, string>, number][] = [
    ['sidecart_orders_total', { job: 'orders', status: 'placed' }, 1],
    ['sidecart_orders_total', { job: 'orders', status: 'paid' }, 1],
    ['sidecart_orders_total', { job: 'orders', status: 'cancelled' }, 1],
    ['sidecart_orders_total', { job: 'orders', status: 'refunded' }, 1],
    ['sidecart_revenue_total', { job: 'orders', currency: 'EUR' }, 3_600],
    ['sidecart_refunds_total', { job: 'orders', currency: 'EUR' }, 3_600],
    ['sidecart_refusals_total', { job: 'inventory', slug: 'out-of-stock', route: '/internal/reserve' }, 1],
    ['sidecart_refusals_total', { job: 'orders', slug: 'out-of-stock', route: '/api/orders' }, 1],
    ['sidecart_messages_total', { job: 'notifications', template: 'order-refunded', outcome: 'sent' }, 1],
    ['sidecart_events_committed_total', { job: 'payments', type: 'payment.refunded' }, 1],
    ['sidecart_events_handled_total', { job: 'orders', type: 'payment.refunded', outcome: 'success' }, 1],
    [
      'http_server_request_duration_seconds_count',
      { job: 'orders', http_request_method: 'POST', http_route: '/api/orders/:id/cancel', http_response_status_code: '200' },
      1,
    ],
  ];
  const counted = (text: string) =>
    rises.map(([metric, labels]) => [metric, labels, (valueOf(text, metric, labels) ?? 0) - (valueOf(before, metric, labels) ?? 0)]);
  let text = '';
  const short = () =>
    JSON.stringify(
      counted(text).filter((rise, i) => rise[2] !== rises[i]?.[2]),
      null,
      1,
    );
  await until(
    () => `every metric has increased as expected; different: ${short()}`,
    30,
    async () => {
      text = await collector.metrics();
      return short() === '[]';
    },
  );
  for (const outcome of ['retry', 'drop']) {
    expect(valueOf(text, 'sidecart_events_handled_total', { job: 'orders', type: 'payment.refunded', outcome })).toBe(0);
  }
  await until('an exemplar leads to its trace', 30, async () => {
    await carl.ask('GET', '/api/orders');
    const exemplar = /^traces_span_metrics_duration_seconds_bucket\{.*span_name="GET \/api\/orders".*# \{trace_id="(\w+)"/m;
    const traceId = exemplar.exec(await collector.metrics())?.[1];
    return traceId !== undefined && spansOf(traceId).some(({ name }) => name === 'GET /api/orders');
  });
}, 120_000);

test('every metric that a dashboard or alert queries exists, and the guide explains each of ours', async () => {
  const ours = metricNames(await collector.metrics());
  const there = new Set(['up', ...ours, ...metricNames(await sidecarMetrics())]);
  const asked = await askedMetrics();
  expect(asked.size).toBeGreaterThan(20);
  expect([...asked].filter(([name]) => !there.has(name))).toEqual([]);
  const guide = await readFile(join(root, 'docs', 'telemetry.md'), 'utf8');
  expect([...ours].filter((name) => name.startsWith('sidecart_') && !guide.includes(`\`${name}\``))).toEqual([]);
}, 60_000);

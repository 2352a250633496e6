import { afterAll, beforeEach, expect, test } from '@jest/globals';
import { context, ROOT_CONTEXT, trace, type Context } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
import { batched } from '../src/dapr/batched.js';
import { contextOf, shared, traceHeaders, traceparent } from '../src/telemetry/trace.js';

const exporter = new InMemorySpanExporter();
const sdk = new NodeSDK({ spanProcessors: [new SimpleSpanProcessor({ exporter })], metricReaders: [], autoDetectResources: false });
sdk.start();

beforeEach(() => exporter.reset());
afterAll(() => sdk.shutdown());

/** Where a request of a trace of its own is. */
const aRequest = (): Context => trace.setSpan(ROOT_CONTEXT, trace.getTracer('test').startSpan('request', {}, ROOT_CONTEXT));
const traceOf = (at: Context) => trace.getSpanContext(at)?.traceId ?? 'none';
const spans = () =>
  exporter.getFinishedSpans().map((span) => ({
    trace: span.spanContext().traceId,
    links: span.links.map((link) => link.context.traceId),
    status: span.status.code,
  }));
const now = async () => traceOf(context.active());

test('work for callers of one trace belongs to it, without a span more', async () => {
  const ann = aRequest();
  expect(await shared('work', [ROOT_CONTEXT, ann, ann], now)).toBe(traceOf(ann));
  expect(spans()).toEqual([]);
});

test('work for nobody who is traced belongs to no trace, whoever started it', async () => {
  expect(await context.with(aRequest(), () => shared('work', [ROOT_CONTEXT], now))).toBe('none');
});

test('work for several traces belongs to the first; the others have a span that links to it, and it to them', async () => {
  const [ann, ben, carl] = [aRequest(), aRequest(), aRequest()];
  expect(await shared('work', [ann, ben, ann, carl], now)).toBe(traceOf(ann));
  expect(spans()).toEqual([
    { trace: traceOf(ann), links: [traceOf(ben), traceOf(carl)], status: 0 },
    { trace: traceOf(ben), links: [traceOf(ann)], status: 0 },
    { trace: traceOf(carl), links: [traceOf(ann)], status: 0 },
  ]);
});

test('work that fails for several traces is marked in each', async () => {
  await expect(shared('work', [aRequest(), aRequest()], () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(spans().map(({ status }) => status)).toEqual([2, 2]);
});

test('each batch belongs to those who wait for it, and not to whoever came when nothing was under way', async () => {
  const ask = batched(async (inputs: string[]) => inputs.map(() => traceOf(context.active())), { max: 1 });
  const [ann, ben] = [aRequest(), aRequest()];
  const asked = [ann, ben].map((at) => context.with(at, () => ask('?')));
  expect(await Promise.all(asked)).toEqual([traceOf(ann), traceOf(ben)]);
});

test('a trace is written down, and goes on where it is read', () => {
  const ann = aRequest();
  expect(traceHeaders(ann)).toEqual({ traceparent: traceparent(ann) });
  expect(traceOf(contextOf(traceparent(ann)))).toBe(traceOf(ann));
  expect([traceHeaders(ROOT_CONTEXT), traceparent(ROOT_CONTEXT), traceOf(contextOf(undefined))]).toEqual([{}, undefined, 'none']);
});

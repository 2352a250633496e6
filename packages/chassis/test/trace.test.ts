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

/** Returns the context of a request in a new trace. */
const aRequest = (): Context => trace.setSpan(ROOT_CONTEXT, trace.getTracer('test').startSpan('request', {}, ROOT_CONTEXT));
const traceOf = (at: Context) => trace.getSpanContext(at)?.traceId ?? 'none';
const spans = () =>
  exporter.getFinishedSpans().map((span) => ({
    trace: span.spanContext().traceId,
    links: span.links.map((link) => link.context.traceId),
    status: span.status.code,
  }));
const now = async () => traceOf(context.active());

test('work for callers of one trace belongs to it, and adds no span', async () => {
  const ann = aRequest();
  expect(await shared('work', [ROOT_CONTEXT, ann, ann], now)).toBe(traceOf(ann));
  expect(spans()).toEqual([]);
});

test('work for callers without a trace belongs to none, even if it starts within one', async () => {
  expect(await context.with(aRequest(), () => shared('work', [ROOT_CONTEXT], now))).toBe('none');
});

test('work for several traces belongs to the first, and the others have a span with links in both directions', async () => {
  const [ann, ben, carl] = [aRequest(), aRequest(), aRequest()];
  expect(await shared('work', [ann, ben, ann, carl], now)).toBe(traceOf(ann));
  expect(spans()).toEqual([
    { trace: traceOf(ann), links: [traceOf(ben), traceOf(carl)], status: 0 },
    { trace: traceOf(ben), links: [traceOf(ann)], status: 0 },
    { trace: traceOf(carl), links: [traceOf(ann)], status: 0 },
  ]);
});

test('work that fails for several traces is an error in each', async () => {
  await expect(shared('work', [aRequest(), aRequest()], () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(spans().map(({ status }) => status)).toEqual([2, 2]);
});

test('each batch belongs to the callers that wait for it', async () => {
  const ask = batched(async (inputs: string[]) => inputs.map(() => traceOf(context.active())), { max: 1 });
  const [ann, ben] = [aRequest(), aRequest()];
  const asked = [ann, ben].map((at) => context.with(at, () => ask('?')));
  expect(await Promise.all(asked)).toEqual([traceOf(ann), traceOf(ben)]);
});

test('a trace is saved as a traceparent and continued from it', () => {
  const ann = aRequest();
  expect(traceHeaders(ann)).toEqual({ traceparent: traceparent(ann) });
  expect(traceOf(contextOf(traceparent(ann)))).toBe(traceOf(ann));
  expect([traceHeaders(ROOT_CONTEXT), traceparent(ROOT_CONTEXT), traceOf(contextOf(undefined))]).toEqual([{}, undefined, 'none']);
});

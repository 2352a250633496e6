import { context, propagation, ROOT_CONTEXT, SpanStatusCode, trace, type Context, type Link } from '@opentelemetry/api';

/** The headers that carry what is traced at `at` on to whoever is called; none where nothing is traced. */
export function traceHeaders(at = context.active()): Record<string, string> {
  const headers = {};
  propagation.inject(at, headers);
  return headers;
}

/** The W3C trace context of `at`, or undefined where nothing is traced. */
export const traceparent = (at: Context): string | undefined => traceHeaders(at)['traceparent'];

/** Where something goes on that was written down with a traceparent. */
export const contextOf = (traceparent: string | undefined): Context =>
  traceparent === undefined ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, { traceparent });

/**
 * Runs work that several callers wait for. It belongs to one trace: that of the first. Where others come from other traces, it is a span with
 * links to them, and each of them gets a span of the same name and time that links to it.
 */
export async function shared<R>(name: string, callers: readonly Context[], run: () => Promise<R>): Promise<R> {
  const [first = ROOT_CONTEXT, ...others] = onePerTrace(callers);
  if (others.length === 0) return context.with(first, run);
  const tracer = trace.getTracer('sidecart');
  const span = tracer.startSpan(name, { links: others.flatMap(linkTo) }, first);
  const work = trace.setSpan(first, span);
  const spans = [span, ...others.map((other) => tracer.startSpan(name, { links: linkTo(work) }, other))];
  try {
    return await context.with(work, run);
  } catch (error) {
    for (const each of spans) each.setStatus({ code: SpanStatusCode.ERROR, message: String(error) });
    throw error;
  } finally {
    for (const each of spans) each.end();
  }
}

function onePerTrace(callers: readonly Context[]): Context[] {
  const traces = new Map<string, Context>();
  for (const caller of callers) {
    const id = trace.getSpanContext(caller)?.traceId;
    if (id !== undefined && !traces.has(id)) traces.set(id, caller);
  }
  return [...traces.values()];
}

function linkTo(at: Context): Link[] {
  const context = trace.getSpanContext(at);
  return context ? [{ context }] : [];
}

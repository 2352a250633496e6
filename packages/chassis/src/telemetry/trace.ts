import { context, propagation, ROOT_CONTEXT, SpanStatusCode, trace, type Context, type Link } from '@opentelemetry/api';

/**
 * Returns the headers that continue the trace of a context in another process. Empty without a
 * trace.
 */
export function traceHeaders(from = context.active()): Record<string, string> {
  const headers = {};
  propagation.inject(from, headers);
  return headers;
}

/** Returns the W3C trace context of a context, or `undefined` without a trace. */
export const traceparent = (from: Context): string | undefined => traceHeaders(from)['traceparent'];

/** Returns the context of a saved `traceparent`. */
export const contextOf = (traceparent: string | undefined): Context =>
  traceparent === undefined ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, { traceparent });

/**
 * Runs work that several callers wait for, in the trace of the first. If others belong to other
 * traces, the work is a span with links to them, and each of their traces gets a span of the same
 * name and duration that links back.
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

function linkTo(to: Context): Link[] {
  const context = trace.getSpanContext(to);
  return context ? [{ context }] : [];
}

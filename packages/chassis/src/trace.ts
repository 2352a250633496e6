import { context, propagation } from '@opentelemetry/api';

/** The W3C trace context of what runs now, or undefined where nothing is traced. */
export function traceparent(): string | undefined {
  const carrier: { traceparent?: string } = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent;
}

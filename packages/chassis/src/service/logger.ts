import { trace } from '@opentelemetry/api';
import { pino, type Logger } from 'pino';

export type { Logger };

/**
 * Returns a logger that writes JSON lines to stdout, from `LOG_LEVEL` up. Fields named like a
 * secret are redacted.
 */
export function createLogger(service: string): Logger {
  const secret = ['password', 'token', 'secret', 'code', 'authorization', 'cookie'];
  return pino({
    level: process.env.LOG_LEVEL ?? 'info',
    base: { service },
    mixin: traceIds,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: secret.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
  });
}

function traceIds(): object {
  const span = trace.getActiveSpan()?.spanContext();
  return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
}

import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { meter } from '@sidecart/chassis/metrics';
import type { Message } from './message.js';

const messages = meter.createCounter('sidecart.messages', {
  unit: '{message}',
  description: 'Attempts to send mails and texts, by outcome',
});

/**
 * Counts the outcome of an attempt to send, and records it in the trace. Throws what `send` throws.
 */
export function observed({ channel, template }: Pick<Message, 'channel' | 'template'>, send: () => Promise<void>): Promise<void> {
  return trace.getTracer('sidecart').startActiveSpan(`send ${channel}`, { kind: SpanKind.CLIENT }, async (span) => {
    const count = (outcome: string) => messages.add(1, { channel, template, outcome });
    try {
      await send();
      count('sent');
    } catch (error) {
      count('failed');
      span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) });
      throw error;
    } finally {
      span.end();
    }
  });
}

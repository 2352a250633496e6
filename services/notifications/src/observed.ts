import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { meter } from '@sidecart/chassis/metrics';
import type { Message } from './message.js';

const messages = meter.createCounter('sidecart.messages', { unit: '{message}', description: 'Mails and texts handed over, by outcome' });

/** Counts how a message's handing over turns out, and shows it in the trace. Throws what that throws. */
export function observed({ channel, template }: Pick<Message, 'channel' | 'template'>, handOver: () => Promise<void>): Promise<void> {
  return trace.getTracer('sidecart').startActiveSpan(`send ${channel}`, { kind: SpanKind.CLIENT }, async (span) => {
    const count = (outcome: string) => messages.add(1, { channel, template, outcome });
    try {
      await handOver();
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

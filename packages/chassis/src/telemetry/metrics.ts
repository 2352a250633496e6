/**
 * What every service counts, by OpenTelemetry; docs/telemetry.md has them all. Nothing is counted unless `telemetry` was loaded first.
 */
import { metrics } from '@opentelemetry/api';

export const meter = metrics.getMeter('sidecart');

export const refusals = meter.createCounter('sidecart.refusals', {
  unit: '{refusal}',
  description: 'Requests and calls that a rule refused, by the problem (slug) and the route',
});

export const committedEvents = meter.createCounter('sidecart.events.committed', {
  unit: '{event}',
  description: 'Events committed with the change that they tell of, by type',
});

export const handledEvents = meter.createCounter('sidecart.events.handled', {
  unit: '{event}',
  description: 'Deliveries of events, by type and outcome: success, retry, drop (to the dead letters at once)',
});

export const storeRetries = meter.createCounter('sidecart.store.retries', {
  unit: '{try}',
  description: 'Transactions tried again, by reason: conflict (somebody else wrote first), failure',
});

export const deadlines = meter.createCounter('sidecart.deadlines', {
  unit: '{deadline}',
  description: 'Deadlines that were due, by name and outcome: success, failure (tried again a minute later)',
});

export const outboxAge = meter.createObservableGauge('sidecart.outbox.age', {
  unit: 's',
  description: 'Since when the oldest event that is committed and not published waits; 0 where none does',
});

export const outboxSlots = meter.createObservableGauge('sidecart.outbox.slots', {
  unit: '{slot}',
  description: 'Slots of the outbox in use; at 1,024 changes are refused',
});

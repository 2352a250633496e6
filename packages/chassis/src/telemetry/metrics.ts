/**
 * The metrics of every service; docs/telemetry.md lists all. Nothing is counted unless `telemetry`
 * was loaded first.
 */
import { metrics } from '@opentelemetry/api';

export const meter = metrics.getMeter('sidecart');

export const refusals = meter.createCounter('sidecart.refusals', {
  unit: '{refusal}',
  description: 'Requests and calls refused by a rule, by slug of the problem and route',
});

export const committedEvents = meter.createCounter('sidecart.events.committed', {
  unit: '{event}',
  description: 'Events committed with the change they report, by type',
});

export const handledEvents = meter.createCounter('sidecart.events.handled', {
  unit: '{event}',
  description: 'Deliveries of events, by type and outcome: success, retry, or drop (a dead letter)',
});

export const storeRetries = meter.createCounter('sidecart.store.retries', {
  unit: '{try}',
  description: 'Transactions retried, by reason: conflict (another replica wrote first) or failure',
});

export const deadlines = meter.createCounter('sidecart.deadlines', {
  unit: '{deadline}',
  description: 'Deadlines that were due, by name and outcome: success, or failure (retried a minute later)',
});

export const outboxAge = meter.createObservableGauge('sidecart.outbox.age', {
  unit: 's',
  description: 'Age of the oldest event that is committed and not yet published; 0 if there is none',
});

export const outboxSlots = meter.createObservableGauge('sidecart.outbox.slots', {
  unit: '{slot}',
  description: 'Slots of the outbox in use; changes are refused at 1,024',
});

/** Named and divided as the semantic conventions of OpenTelemetry say. */
export const sidecarCalls = meter.createHistogram('http.client.request.duration', {
  unit: 's',
  description: 'Duration of calls to the sidecar, by method and status of the response',
  advice: { explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] },
});

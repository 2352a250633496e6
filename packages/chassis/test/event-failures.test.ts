import { expect, test } from '@jest/globals';
import { DaprError } from '../src/dapr/dapr.js';
import { DomainError, type Kind } from '../src/http/errors.js';
import { createEventFailures } from '../src/dapr/event-failures.js';

const refusal = (kind: Kind) => new DomainError(kind, 'refused', 'No.');
const databaseDown = new DaprError('state bulk get', 500, 'the database is unavailable');
const patient = { earlyMs: 60_000 };
const impatient = { earlyMs: 0 };

test.each(['invalid', 'too-large'] as const)('drops an event that is refused as %s at once', (kind) => {
  expect(createEventFailures(patient).judge('1', refusal(kind)).status).toBe('DROP');
});

test.each([
  ['a database that is unavailable', databaseDown],
  ['a service that is unavailable', refusal('unavailable')],
  ['a rate limit', refusal('limited')],
])('retries an event after %s without end', (_name, error) => {
  const failures = createEventFailures(impatient);
  for (let tries = 0; tries < 1_000; tries++) expect(failures.judge('1', error).status).toBe('RETRY');
});

test.each([
  ['a missing document', refusal('missing')],
  ['an illegal move', refusal('conflict')],
  ['a bug', new TypeError('x is not a function')],
  ['a request that the sidecar rejects', new DaprError('state transaction', 400, 'ERR_MALFORMED_REQUEST')],
])('retries an event after %s, and drops it once it has failed for long', (_name, error) => {
  const failures = createEventFailures(patient);
  for (let tries = 0; tries < 1_000; tries++) expect(failures.judge('1', error).status).toBe('RETRY');
  expect(createEventFailures(impatient).judge('1', error).status).toBe('DROP');
});

test('logs the first failure of an event, and not its repeats', () => {
  const failures = createEventFailures(patient);
  expect(failures.judge('1', databaseDown).shouldLog).toBe(true);
  expect(failures.judge('1', databaseDown).shouldLog).toBe(false);
  expect(failures.judge('2', databaseDown).shouldLog).toBe(true);
  failures.succeeded('1');
  expect(failures.judge('1', databaseDown).shouldLog).toBe(true);
});

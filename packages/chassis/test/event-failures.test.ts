import { expect, test } from '@jest/globals';
import { DaprError } from '../src/dapr/dapr.js';
import { DomainError, type Kind } from '../src/http/errors.js';
import { createEventFailures } from '../src/dapr/event-failures.js';

const refusal = (kind: Kind) => new DomainError(kind, 'refused', 'No.');
const away = new DaprError('state bulk get', 500, 'the database is away');
const patient = { earlyMs: 60_000 };
const impatient = { earlyMs: 0 };

test.each(['invalid', 'too-large'] as const)('an event that is refused as %s is dropped at once', (kind) => {
  expect(createEventFailures(patient).judge('1', refusal(kind)).status).toBe('DROP');
});

test.each([
  ['a database that is away', away],
  ['a service that is away', refusal('unavailable')],
  ['a rate limit', refusal('limited')],
])('%s is waited for, however long it takes', (_name, error) => {
  const failures = createEventFailures(impatient);
  for (let tries = 0; tries < 1_000; tries++) expect(failures.judge('1', error).status).toBe('RETRY');
});

test.each([
  ['a document that is not there', refusal('missing')],
  ['a move that is not legal', refusal('conflict')],
  ['a bug', new TypeError('x is not a function')],
  ['a request that the sidecar rejects', new DaprError('state transaction', 400, 'ERR_MALFORMED_REQUEST')],
])('%s may only be early: the event is dropped once it has failed for long', (_name, error) => {
  const failures = createEventFailures(patient);
  for (let tries = 0; tries < 1_000; tries++) expect(failures.judge('1', error).status).toBe('RETRY');
  expect(createEventFailures(impatient).judge('1', error).status).toBe('DROP');
});

test('the first failure of an event is worth a line in the log, its repeats are not', () => {
  const failures = createEventFailures(patient);
  expect(failures.judge('1', away).isNews).toBe(true);
  expect(failures.judge('1', away).isNews).toBe(false);
  expect(failures.judge('2', away).isNews).toBe(true);
  failures.succeeded('1');
  expect(failures.judge('1', away).isNews).toBe(true);
});

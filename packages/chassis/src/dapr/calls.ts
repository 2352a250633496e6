import { MAX_INPUTS, type CallType } from '@sidecart/contracts/call';
import { z } from 'zod';
import { DomainError, KINDS } from '../http/errors.js';
import type { Routes } from '../http/routes.js';
import { refusals } from '../telemetry/metrics.js';
import { batched } from './batched.js';
import { type Dapr, DaprError } from './dapr.js';

const Refused = z.object({
  kind: z.enum(KINDS),
  slug: z.string(),
  detail: z.string(),
  extras: z.object({ lines: z.array(z.unknown()).optional(), retryAfter: z.number().optional() }).optional(),
});
type Answer<O> = { output: O } | { refused: z.infer<typeof Refused> };

/** A sidecar that was connected to a terminated pod needs up to five seconds to find another. */
const PATIENCE_MS = 10_000;
const MAX_WAITING = 2_000;

/**
 * Returns a function that calls another service. Callers that wait at the same time share one
 * invocation. It returns the output, or throws the `DomainError` that the other service threw for
 * this input. It throws `unavailable` after `timeoutMs`, including the time in the queue, or if
 * 2,000 callers are waiting.
 */
export function caller<I, O>(dapr: Dapr, { app, name, output }: CallType<I, O>, timeoutMs = PATIENCE_MS): (input: I) => Promise<O> {
  const Answers = z.object({ answers: z.array(z.union([z.object({ output }), z.object({ refused: Refused })])) });
  const share = batched<I, Answer<O>>(
    async (inputs) => {
      const wire = await dapr.invoke(app, `internal/${name}`, { inputs }, timeoutMs).catch((error: unknown) => {
        if (error instanceof DaprError)
          throw new DomainError('unavailable', 'service-unavailable', `${app} did not respond.`, { retryAfter: 1 }, { cause: error });
        throw error;
      });
      return Answers.parse(wire).answers;
    },
    { max: MAX_INPUTS, name: `${app}/${name}`, maxWaiting: MAX_WAITING, patienceMs: timeoutMs },
  );
  return async (input) => {
    const answer = await share(input);
    if ('output' in answer) return answer.output;
    const { kind, slug, detail, extras } = answer.refused;
    throw new DomainError(kind, slug, detail, passedOn(extras));
  };
}

/**
 * Adds the route of a call. `handle` runs for all inputs of a call at once. An error it throws
 * refuses that input only.
 */
export function serve<I, O>(to: Routes, { name, input }: CallType<I, O>, handle: (input: I) => Promise<O>): void {
  const body = z.strictObject({ inputs: z.array(input).max(MAX_INPUTS) });
  to.post(
    `/internal/${name}`,
    { summary: `Serves ${name} for other services.`, access: 'internal', body, reply: z.unknown() },
    async ({ body: { inputs } }) => {
      const answer = (each: I): Promise<Answer<O>> => handle(each).then((output) => ({ output }), refusal);
      const answers = await Promise.all(inputs.map(answer));
      for (const each of answers) if ('refused' in each) refusals.add(1, { slug: each.refused.slug, route: `/internal/${name}` });
      return { answers };
    },
  );
}

function refusal(error: unknown): { refused: z.infer<typeof Refused> } {
  if (!(error instanceof DomainError)) throw error;
  const { kind, slug, message, extras } = error;
  return { refused: { kind, slug, detail: message, extras: passedOn(extras) } };
}

/** Returns the extras that cross a call. */
const passedOn = ({ lines, retryAfter }: z.infer<typeof Refused>['extras'] = {}) => ({
  ...(lines ? { lines } : {}),
  ...(retryAfter === undefined ? {} : { retryAfter }),
});

import { z } from 'zod';

/** What every event looks like on the wire: CloudEvents 1.0 with `version` (of `data`'s shape) and `sequence` (the subject's version). */
const Attributes = z.object({
  specversion: z.literal('1.0'),
  id: z.string(),
  type: z.string(),
  version: z.number().int(),
  source: z.string(),
  time: z.string(),
  /** The aggregate, e.g. the order's id. */
  subject: z.string(),
  /** Grows with each change of the subject, so that a consumer can tell old from new. */
  sequence: z.number().int(),
  datacontenttype: z.literal('application/json'),
  /** The trace of the change that it tells of; Dapr's own name for the same is `traceid`. */
  traceparent: z.string().optional(),
  traceid: z.string().optional(),
  data: z.unknown(),
});

export type Envelope<T = unknown> = Omit<z.infer<typeof Attributes>, 'data'> & { data: T };

/** An event that a change makes; the store adds id, time and source. */
export type NewEvent = Pick<Envelope, 'type' | 'version' | 'subject' | 'sequence' | 'data'>;

export interface EventType<T = unknown> {
  (subject: string, sequence: number, data: T): NewEvent;
  /** Its topic too. */
  readonly type: string;
  /** The envelope, or an error for another type, an unknown version or malformed data. Extra attributes are ignored. */
  parse(wire: unknown): Envelope<T>;
}

/** Defines an event: `type` is `noun.past_tense`, `version` that of the shape of its data. */
export function event<T>(type: string, version: number, data: z.ZodType<T>): EventType<T> {
  const schema = Attributes.extend({ type: z.literal(type), version: z.literal(version), data });
  const make = (subject: string, sequence: number, data: T) => ({ type, version, subject, sequence, data });
  return Object.assign(make, { type, parse: (wire: unknown): Envelope<T> => schema.parse(wire) });
}

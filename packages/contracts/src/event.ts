import { z } from 'zod';

/**
 * The envelope of every event: CloudEvents 1.0, with the `version` of the shape of `data`, and a
 * `sequence` number of the subject.
 */
const Attributes = z.object({
  specversion: z.literal('1.0'),
  id: z.string(),
  type: z.string(),
  version: z.number().int(),
  source: z.string(),
  time: z.string(),
  /** The id of the aggregate, e.g. of the order. */
  subject: z.string(),
  /** Grows with each change of the subject, so consumers can ignore an older event. */
  sequence: z.number().int(),
  datacontenttype: z.literal('application/json'),
  /** The trace of the change. Dapr calls it `traceid`. */
  traceparent: z.string().optional(),
  traceid: z.string().optional(),
  data: z.unknown(),
});

export type Envelope<T = unknown> = Omit<z.infer<typeof Attributes>, 'data'> & { data: T };

/** An event as a change returns it. The store adds the id, time and source. */
export type NewEvent = Pick<Envelope, 'type' | 'version' | 'subject' | 'sequence' | 'data'>;

export interface EventType<T = unknown> {
  (subject: string, sequence: number, data: T): NewEvent;
  /** The topic has the same name. */
  readonly type: string;
  /**
   * Returns the envelope without unknown attributes. Throws if the type or version differs, or the
   * data is malformed.
   */
  parse(wire: unknown): Envelope<T>;
}

/** Defines an event. `type` is `noun.past_tense`; `version` is that of the shape of its data. */
export function event<T>(type: string, version: number, data: z.ZodType<T>): EventType<T> {
  const schema = Attributes.extend({ type: z.literal(type), version: z.literal(version), data });
  const make = (subject: string, sequence: number, data: T) => ({ type, version, subject, sequence, data });
  return Object.assign(make, { type, parse: (wire: unknown): Envelope<T> => schema.parse(wire) });
}

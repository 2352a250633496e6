import { z } from 'zod';

/**
 * The envelope of every event: CloudEvents 1.0, with `version` (of the shape of `data`) and
 * `sequence` (the version of the subject).
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
  /** Grows with each change of the subject. Consumers use it to tell old from new. */
  sequence: z.number().int(),
  datacontenttype: z.literal('application/json'),
  /** The trace of the change. `traceid` is Dapr's name for the same. */
  traceparent: z.string().optional(),
  traceid: z.string().optional(),
  data: z.unknown(),
});

export type Envelope<T = unknown> = Omit<z.infer<typeof Attributes>, 'data'> & { data: T };

/** An event as a change makes it. The store adds id, time and source. */
export type NewEvent = Pick<Envelope, 'type' | 'version' | 'subject' | 'sequence' | 'data'>;

export interface EventType<T = unknown> {
  (subject: string, sequence: number, data: T): NewEvent;
  /** The topic has the same name. */
  readonly type: string;
  /**
   * Returns the envelope without unknown attributes. Throws if the type or version is another, or
   * the data is malformed.
   */
  parse(wire: unknown): Envelope<T>;
}

/** Defines an event. `type` is `noun.past_tense`; `version` is that of the shape of its data. */
export function event<T>(type: string, version: number, data: z.ZodType<T>): EventType<T> {
  const schema = Attributes.extend({ type: z.literal(type), version: z.literal(version), data });
  const make = (subject: string, sequence: number, data: T) => ({ type, version, subject, sequence, data });
  return Object.assign(make, { type, parse: (wire: unknown): Envelope<T> => schema.parse(wire) });
}

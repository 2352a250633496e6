export const KINDS = ['invalid', 'unauthenticated', 'forbidden', 'missing', 'conflict', 'too-large', 'limited', 'unavailable'] as const;

/** What went wrong, in terms of the domain. HTTP maps each kind to one status. */
export type Kind = (typeof KINDS)[number];

export interface FieldError {
  /** The dotted path in the body, query, header or path, e.g. `items.0.quantity`. */
  field: string;
  message: string;
}

/** Further members of a problem: field errors, lines that cannot be served, and seconds to wait. */
export interface Extras {
  errors?: FieldError[];
  lines?: unknown[];
  retryAfter?: number;
}

/**
 * A refusal by a rule. `slug` is the stable, kebab-case last part of the problem's `type`. `detail`
 * is a sentence for people. A `cause` goes to the log.
 */
export class DomainError extends Error {
  constructor(
    readonly kind: Kind,
    readonly slug: string,
    detail: string,
    readonly extras: Extras = {},
    options?: ErrorOptions,
  ) {
    super(detail, options);
    this.name = 'DomainError';
  }
}

/**
 * Returns the value. Throws `missing` if it is undefined; `what` begins the sentence, e.g. `The
 * order`.
 */
export function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new DomainError('missing', 'not-found', `${what} was not found.`);
  return value;
}

/**
 * Returns the refusal of one field, like that of a body that fails its schema. `message` is a
 * sentence.
 */
export const invalidField = (field: string, message: string): DomainError =>
  new DomainError('invalid', 'validation-failed', 'Some fields are missing, malformed or unknown.', { errors: [{ field, message }] });

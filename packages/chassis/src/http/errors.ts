/** What went wrong, in words of the domain; `http` maps each kind to one status. */
export type Kind = 'invalid' | 'unauthenticated' | 'forbidden' | 'missing' | 'conflict' | 'too-large' | 'limited' | 'unavailable';

export interface FieldError {
  /** Dotted path inside the body, query, header or path, e.g. `items.0.quantity`. */
  field: string;
  message: string;
}

/** Further members of the problem: field errors, lines that could not be served, seconds to wait. */
export interface Extras {
  errors?: FieldError[];
  lines?: unknown[];
  retryAfter?: number;
}

/** A refusal by a rule. `slug` is the stable, kebab-case last part of the problem's `type`; `detail` is a sentence for a person, a `cause` is for the log. */
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

/** The value, or a `missing` error that names `what` was looked for. */
export function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new DomainError('missing', 'not-found', `${what} was not found.`);
  return value;
}

/** Returns the refusal of one field, in the form of a body that fails its schema. `message` is a sentence. */
export const invalidField = (field: string, message: string): DomainError =>
  new DomainError('invalid', 'validation-failed', 'Some fields are missing, malformed or unknown.', { errors: [{ field, message }] });

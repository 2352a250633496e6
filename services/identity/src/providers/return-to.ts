import { DomainError } from '@sidecart/chassis/errors';

/**
 * Where the browser goes afterwards, as a browser would read it: a path of the first of `origins`, or an address at one of them. Whoever
 * redirects uses the answer, never what was given. Throws `invalid` for anything else.
 */
export function returnAddress(given: string, origins: readonly string[]): string {
  const url = URL.canParse(given, origins[0]) ? new URL(given, origins[0]) : undefined;
  if (!url || !origins.includes(url.origin) || url.username !== '' || url.password !== '') throw refused();
  return url.href;
}

/** The address with one more query parameter. */
export function withQuery(address: string, name: string, value: string): string {
  const url = new URL(address);
  url.searchParams.set(name, value);
  return url.href;
}

const refused = () =>
  new DomainError('invalid', 'validation-failed', 'Some fields are missing, malformed or unknown.', {
    errors: [{ field: 'returnTo', message: 'not an address of the shop' }],
  });

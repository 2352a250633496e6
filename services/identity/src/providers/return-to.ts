import { DomainError } from '@sidecart/chassis/errors';

/**
 * Returns the address to send the browser back to: a path of the first origin, or an address at any
 * of `origins`, parsed as a browser parses it. Redirect to what this returns, never to what was
 * given. Throws `invalid` for anything else.
 */
export function returnAddress(given: string, origins: readonly string[]): string {
  const url = URL.canParse(given, origins[0]) ? new URL(given, origins[0]) : undefined;
  if (!url || !origins.includes(url.origin) || url.username !== '' || url.password !== '') throw refused();
  return url.href;
}

/** Returns the address with a query parameter added. */
export function withQuery(address: string, name: string, value: string): string {
  const url = new URL(address);
  url.searchParams.set(name, value);
  return url.href;
}

const refused = () =>
  new DomainError('invalid', 'validation-failed', 'Some fields are missing, malformed or unknown.', {
    errors: [{ field: 'returnTo', message: 'must be an address of the shop' }],
  });

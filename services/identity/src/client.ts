import type { Request } from 'express';

/** Where a request came from, according to the outermost proxy that is trusted. */
export interface Client {
  /** IPv4 or IPv6. */
  address: string;
  /** The User-Agent. */
  agent: string;
}

const MAX_AGENT = 200;

export const clientOf = ({ ip, headers }: Pick<Request, 'ip' | 'headers'>): Client => ({
  address: (ip ?? 'unknown').replace(/^::ffff:/, ''),
  agent: (headers['user-agent'] ?? '').slice(0, MAX_AGENT),
});

/**
 * Returns the place of an address: an IPv4 address, or the first 64 bits of an IPv6 address, which
 * one customer of a provider has.
 */
export function placeOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail = ''] = address.split('::');
  const [before, after] = [head.split(':').filter(Boolean), tail.split(':').filter(Boolean)];
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0');
  return [...before, ...zeros, ...after].slice(0, 4).join(':');
}

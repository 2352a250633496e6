import { isIP } from 'node:net';
import type { RequestHandler } from 'express';
import { compile } from 'proxy-addr';
import { z } from 'zod';

/**
 * For Express's `trust proxy`: the addresses of proxies, or the number of proxies in front of the
 * service.
 */
export type TrustedProxies = string[] | number;

export const LOCAL_NETWORK = ['loopback', 'linklocal', 'uniquelocal'];

/**
 * `TRUSTED_PROXIES`: a hop count, or addresses, CIDR ranges and names of ranges, separated by
 * commas or spaces.
 */
export const TrustedProxies = z.string().transform((text, context): TrustedProxies => {
  if (/^\d{1,2}$/.test(text)) return Number(text);
  const proxies = text.split(/[\s,]+/).filter(Boolean);
  try {
    compile(proxies);
    return proxies;
  } catch {
    context.addIssue('must be a hop count, or addresses, CIDR ranges and the names loopback, linklocal and uniquelocal');
    return z.NEVER;
  }
});

/**
 * Rewrites `X-Forwarded-For` to bare addresses. Some proxies add the port, so every connection
 * would look like another client.
 */
export const bareAddresses: RequestHandler = ({ headers }, _res, next) => {
  const forwarded = headers['x-forwarded-for'];
  if (typeof forwarded === 'string') headers['x-forwarded-for'] = forwarded.split(',').map(bare).join(', ');
  next();
};

function bare(entry: string): string {
  const text = entry.trim();
  const [, v6, v4] = /^\[(.+)\](?::\d+)?$|^([\d.]+):\d+$/.exec(text) ?? [];
  const address = v6 ?? v4 ?? text;
  return isIP(address) ? address : 'unknown';
}

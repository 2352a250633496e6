import { createHash } from 'node:crypto';
import { customerCartId } from '@sidecart/contracts/carts';
import ipaddr from 'ipaddr.js';

/** The owner of a cart: a customer, or a guest if `userId` is null. */
export interface Owner {
  cartId: string;
  userId: string | null;
  /**
   * A hash of a guest's client address: the guests at one address hold a limited number of pieces.
   */
  guestAddress?: string;
}

export const customer = (userId: string): Owner => ({ cartId: customerCartId(userId), userId });

/**
 * Returns the owner of a guest's cart. The session is a secret that gives access to the cart, so
 * the cart's id, which events and other services see, is a hash of it. The prefix keeps a guest
 * from naming a customer's cart. `ip` is the client's address, if a request makes the change.
 */
export const guest = (session: string, ip?: string): Owner => ({
  cartId: `g-${hash(session)}`,
  userId: null,
  ...(ip === undefined ? {} : { guestAddress: hash(networkOf(ip)) }),
});

const hash = (text: string): string => createHash('sha256').update(text).digest('base64url');

/**
 * Returns an IPv4 address, or the /64 of an IPv6 address, the smallest network that a provider
 * assigns.
 */
function networkOf(ip: string): string {
  if (!ipaddr.isValid(ip)) return ip;
  const address = ipaddr.process(ip);
  return address instanceof ipaddr.IPv6 ? address.parts.slice(0, 4).join(':') : address.toString();
}

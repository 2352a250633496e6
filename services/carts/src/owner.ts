import { createHash } from 'node:crypto';

/** Whose cart it is: a customer's, or a guest's where `userId` is null. */
export interface Owner {
  cartId: string;
  userId: string | null;
}

/** The prefixes keep a guest from naming a customer's cart. */
export const customer = (userId: string): Owner => ({ cartId: `u-${userId}`, userId });

/** A guest's session is a secret: whoever knows it has the cart. The cart's id, which events and other services see, does not tell it. */
export const guest = (session: string): Owner => ({
  cartId: `g-${createHash('sha256').update(session).digest('base64url')}`,
  userId: null,
});

import { DomainError, found } from '@sidecart/chassis/errors';
import { key, type Key } from '@sidecart/chassis/state';
import type { PostalAddress } from '@sidecart/contracts/address';

export const MAX_ADDRESSES = 20;

/** A postal address as in orders, and whether it is a default. */
export interface NewAddress extends PostalAddress {
  defaultShipping: boolean;
  defaultBilling: boolean;
}

export interface Address extends NewAddress {
  id: string;
}

/** Oldest first. If there are any, exactly one is the default for shipping and one for billing. */
export type Addresses = readonly Address[];

export const addressesKey = (userId: string): Key<Addresses> => key('addresses', userId);

export function add(addresses: Addresses, id: string, body: NewAddress): Addresses {
  if (addresses.length >= MAX_ADDRESSES)
    throw new DomainError('conflict', 'too-many-addresses', `You already have ${MAX_ADDRESSES} addresses. Remove one first.`);
  return withDefaults([...addresses, { id, ...body }], id);
}

export function replace(addresses: Addresses, id: string, body: NewAddress): Addresses {
  byId(addresses, id);
  return withDefaults(
    addresses.map((address) => (address.id === id ? { id, ...body } : address)),
    id,
  );
}

export function drop(addresses: Addresses, id: string): Addresses {
  byId(addresses, id);
  return withDefaults(addresses.filter((address) => address.id !== id));
}

/** Throws `missing`. */
export const byId = (addresses: Addresses, id: string): Address =>
  found(
    addresses.find((address) => address.id === id),
    'The address',
  );

/**
 * Chooses one default each: the changed address if it asks to be, else the previous default, else
 * the oldest address.
 */
function withDefaults(addresses: Addresses, changedId?: string): Addresses {
  const choose = (use: 'defaultShipping' | 'defaultBilling') => {
    const flagged = addresses.filter((address) => address[use]);
    return (flagged.find(({ id }) => id === changedId) ?? flagged[0] ?? addresses[0])?.id;
  };
  const [shipping, billing] = [choose('defaultShipping'), choose('defaultBilling')];
  return addresses.map((address) => ({ ...address, defaultShipping: address.id === shipping, defaultBilling: address.id === billing }));
}

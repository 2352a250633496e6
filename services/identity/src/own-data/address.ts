import { DomainError, found } from '@sidecart/chassis/errors';
import { key, type Key } from '@sidecart/chassis/state';
import { PostalAddress } from '@sidecart/contracts/address';
import { z } from 'zod';

export const MAX_ADDRESSES = 20;

const defaultFlag = () =>
  z.boolean().default(false).describe('exactly one address is the default; true makes it this one, false leaves the choice to the oldest');

/** A postal address as in orders, and whether it is a default. */
export const AddressBody = z.strictObject({ ...PostalAddress.shape, defaultShipping: defaultFlag(), defaultBilling: defaultFlag() });
export type AddressBody = z.infer<typeof AddressBody>;

export const AddressId = z.uuid().meta({ examples: ['0b0cd84b-3cb5-4497-9ce7-6f558730fa2f'] });

export const Address = z.object({ id: AddressId, ...AddressBody.shape }).meta({ id: 'SavedAddress' });
export type Address = z.infer<typeof Address>;

/** Oldest first. If there are any, exactly one is the default for shipping and one for billing. */
export type Addresses = readonly Address[];

export const addressesKey = (userId: string): Key<Addresses> => key('addresses', userId);

export function add(addresses: Addresses, id: string, body: AddressBody): Addresses {
  if (addresses.length >= MAX_ADDRESSES)
    throw new DomainError('conflict', 'too-many-addresses', `You already have ${MAX_ADDRESSES} addresses. Remove one first.`);
  return withDefaults([...addresses, { id, ...body }], id);
}

export function replace(addresses: Addresses, id: string, body: AddressBody): Addresses {
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

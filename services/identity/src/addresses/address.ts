import { DomainError, found } from '@sidecart/chassis/errors';
import { PostalAddress } from '@sidecart/contracts/address';
import { z } from 'zod';

/** A person keeps at most so many. */
export const MAX_ADDRESSES = 20;

/** An order's address, and what it is used for. */
export const AddressBody = z.strictObject({
  ...PostalAddress.shape,
  defaultShipping: z.boolean().default(false).describe('one address is it: true takes it from the others, false leaves it to the oldest'),
  defaultBilling: z.boolean().default(false).describe('one address is it: true takes it from the others, false leaves it to the oldest'),
});
export type AddressBody = z.infer<typeof AddressBody>;

export const AddressId = z.uuid().meta({ examples: ['0b0cd84b-3cb5-4497-9ce7-6f558730fa2f'] });

export const Address = z.object({ id: AddressId, ...AddressBody.shape }).meta({ id: 'SavedAddress' });
export type Address = z.infer<typeof Address>;

/** In the order in which they were added. Unless there are none, exactly one is the default for shipping, and one for billing. */
export type Addresses = readonly Address[];

export function add(addresses: Addresses, id: string, body: AddressBody): Addresses {
  if (addresses.length >= MAX_ADDRESSES)
    throw new DomainError('conflict', 'too-many-addresses', `There are ${MAX_ADDRESSES} addresses already: remove one first.`);
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

/** One default each: what was just changed if it asks for that, else the one there was, else the oldest. */
function withDefaults(addresses: Addresses, changed?: string): Addresses {
  const one = (use: 'defaultShipping' | 'defaultBilling') => {
    const asking = addresses.filter((address) => address[use]);
    return (asking.find(({ id }) => id === changed) ?? asking[0] ?? addresses[0])?.id;
  };
  const [shipping, billing] = [one('defaultShipping'), one('defaultBilling')];
  return addresses.map((address) => ({ ...address, defaultShipping: address.id === shipping, defaultBilling: address.id === billing }));
}

import { randomUUID } from 'node:crypto';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { put } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { z } from 'zod';
import { signedInAccount, signedInKeys, signedInProblems, type Bearer } from '../sessions/caller.js';
import { add, addressesKey, byId, drop, MAX_ADDRESSES, replace, type Addresses } from './address.js';
import { AddressBody, AddressId, SavedAddress } from './schemas.js';

const ById = z.strictObject({ id: AddressId });
const problems = { ...signedInProblems, 404: 'You have no such address, or your account was deleted.' };

export function addressRoutes(store: Store): Routes {
  const users = routes('addresses');

  const update = (caller: Bearer, change: (addresses: Addresses) => Addresses): Promise<Addresses> =>
    store.transact([addressesKey(caller.id), ...signedInKeys(caller)], (docs) => {
      const { id } = signedInAccount(docs, caller);
      const addresses = change(docs.get(addressesKey(id)) ?? []);
      return { write: [put(addressesKey(id), addresses)], result: addresses };
    });

  users.get(
    '/api/users/me/addresses',
    { summary: 'Lists your addresses, oldest first.', access: 'customer', rows: [12], reply: z.object({ data: z.array(SavedAddress) }) },
    async ({ user }) => ({ data: [...((await store.read(addressesKey(user.id))) ?? [])] }),
  );

  users.post(
    '/api/users/me/addresses',
    {
      summary: `Adds an address, up to ${MAX_ADDRESSES}. The first one becomes the default for shipping and for billing.`,
      access: 'customer',
      rows: [12],
      body: AddressBody,
      reply: SavedAddress,
      status: 201,
      problems: { ...signedInProblems, 409: `You already have ${MAX_ADDRESSES} addresses.` },
    },
    async ({ user, body }) => {
      const id = randomUUID();
      return byId(await update(user, (addresses) => add(addresses, id, body)), id);
    },
  );

  users.put(
    '/api/users/me/addresses/:id',
    { summary: 'Replaces an address.', access: 'customer', rows: [12], params: ById, body: AddressBody, reply: SavedAddress, problems },
    async ({ user, params: { id }, body }) => byId(await update(user, (addresses) => replace(addresses, id, body)), id),
  );

  users.delete(
    '/api/users/me/addresses/:id',
    {
      summary: 'Removes an address. If it was a default, the oldest remaining address becomes the default.',
      access: 'customer',
      rows: [12],
      params: ById,
      problems,
    },
    async ({ user, params: { id } }) => void (await update(user, (addresses) => drop(addresses, id))),
  );

  return users;
}

import { PostalAddress } from '@sidecart/contracts/address';
import { Instant } from '@sidecart/contracts/common';
import { z } from 'zod';
import { Act, clientFields, LinkedIdentity, Profile, Status } from '../accounts/schemas.js';
import { SessionId } from '../sessions/schemas.js';
import { Login } from '../sign-in/schemas.js';
import { MAX_ACTS } from './export.js';

const defaultFlag = () =>
  z.boolean().default(false).describe('exactly one address is the default; true makes it this one, false leaves the choice to the oldest');

/** A postal address as in orders, and whether it is a default. */
export const AddressBody = z.strictObject({ ...PostalAddress.shape, defaultShipping: defaultFlag(), defaultBilling: defaultFlag() });

export const AddressId = z.uuid().meta({ examples: ['0b0cd84b-3cb5-4497-9ce7-6f558730fa2f'] });

export const SavedAddress = z.object({ id: AddressId, ...AddressBody.shape }).meta({ id: 'SavedAddress' });

/** Everything stored about a person. */
export const OwnData = z
  .object({
    profile: Profile.extend({ status: Status, verified: z.boolean() }),
    addresses: z.array(SavedAddress),
    password: z.boolean().describe('whether the account has one'),
    twoFactor: z.boolean(),
    identities: z.array(LinkedIdentity).describe('at providers, that can sign in to the account'),
    sessions: z.array(
      z.object({
        id: SessionId,
        createdAt: Instant,
        lastUsedAt: Instant,
        expiresAt: Instant.meta({ examples: ['2026-03-02T12:00:00.000Z'] }),
        ...clientFields,
      }),
    ),
    logins: z.array(Login),
    audit: z.array(Act.pick({ what: true, at: true, changes: true })).describe(`the last ${MAX_ACTS}`),
  })
  .meta({ id: 'OwnData' });

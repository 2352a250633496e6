import { Permission } from '@sidecart/contracts/access-token';
import { Instant, UserId } from '@sidecart/contracts/common';
import { Phone } from '@sidecart/contracts/phone';
import { z } from 'zod';
import { DEEDS } from './trail.js';
import { ROLES, STATUSES } from './user.js';
import { Email, Locale, Name, ProviderName } from './values.js';

/** The path under which pictures are served by file name. */
export const PICTURES = '/api/users/pictures';

/** The id of an account in a path. */
export const AccountId = z.uuid().meta({ ...UserId.meta() });

export const Role = z.enum(ROLES);
export const Status = z.enum(STATUSES).meta({ examples: ['active'] });

/** What people see of their own account. */
export const Profile = z
  .object({
    id: UserId,
    email: Email,
    name: Name,
    role: Role,
    permissions: z.array(Permission).meta({ examples: [[]] }),
    phone: Phone.nullable().describe('E.164'),
    locale: Locale,
    picture: z
      .string()
      .nullable()
      .meta({ description: 'the path of the picture', examples: [`${PICTURES}/79c717da-2a39-48b5-8f40-1eb9ddd1828a.webp`] }),
    createdAt: Instant,
  })
  .meta({ id: 'Profile' });
export type Profile = z.infer<typeof Profile>;

/** Where a request came from. */
export const clientFields = {
  address: z.string().meta({ description: 'IPv4 or IPv6', examples: ['203.0.113.7'] }),
  agent: z
    .string()
    .meta({ description: 'its User-Agent', examples: ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'] }),
};

const Value = z.union([z.string(), z.array(z.string()), z.null()]);

/** An entry of the audit trail. */
export const Act = z
  .object({
    what: z.enum(DEEDS).meta({ examples: ['user.changed'] }),
    about: UserId.describe('the account that was changed'),
    by: z.string().meta({ description: 'the account that made the change', examples: ['fc3c3350-113f-43df-b2f7-f42e51f9d207'] }),
    at: Instant,
    ...clientFields,
    changes: z
      .record(z.string(), z.object({ before: Value, after: Value }))
      .meta({ examples: [{ role: { before: 'customer', after: 'staff' }, permissions: { before: [], after: ['orders'] } }] }),
  })
  .meta({ id: 'Act' });

/** What people see of a link with a provider. */
export const LinkedIdentity = z
  .object({
    provider: ProviderName,
    email: Email.nullable().describe('at the provider when it was linked; null if unknown'),
    linkedAt: Instant.nullable().describe('null if unknown'),
  })
  .meta({ id: 'LinkedIdentity' });
export type LinkedIdentity = z.infer<typeof LinkedIdentity>;

import { Permission } from '@sidecart/chassis/auth';
import { DomainError } from '@sidecart/chassis/errors';
import type { NewEvent } from '@sidecart/contracts/event';
import { UserUpdated } from '@sidecart/contracts/identity';
import { Instant, UserId } from '@sidecart/contracts/common';
import { Phone } from '@sidecart/contracts/notifications';
import { z } from 'zod';
import { Email, Locale, Name } from '../fields.js';
import { nextEpoch, type InEpoch } from './epoch.js';

export interface User extends InEpoch {
  id: string;
  /** As the person wrote it. */
  email: string;
  /** The same for every spelling of the address. */
  emailKey: string;
  name: string;
  role: 'customer' | 'staff' | 'admin';
  /** Of staff; others have none. */
  permissions: readonly Permission[];
  /** Whether the person has proved that the address is theirs. */
  verified: boolean;
  /** Of a deleted account nothing is left but its id and when it was made, and the picture until its file is gone. */
  status: 'active' | 'suspended' | 'deleted';
  locale: string;
  /** E.164, once it is proved. */
  phone: string | null;
  /** The name of its file. */
  picture: string | null;
  /** Whoever signs in with a provider has none, until they reset it. */
  passwordHash: string | undefined;
  /** Grows with every change. */
  version: number;
  createdAt: string;
}

/** Where pictures are served, by the names of their files. */
export const PICTURES = '/api/users/pictures';

/** Pending is who has not proved the address yet. */
export const Status = z.enum(['pending', 'active', 'suspended', 'deleted']).meta({ examples: ['active'] });
export type Status = z.infer<typeof Status>;

/** What a person is told of their own account. */
export const Profile = z
  .object({
    id: UserId,
    email: Email,
    name: Name,
    role: z.enum(['customer', 'staff', 'admin']),
    permissions: z.array(Permission).meta({ examples: [[]] }),
    phone: Phone.nullable().describe('E.164'),
    locale: Locale,
    picture: z
      .string()
      .nullable()
      .meta({ description: 'where the picture is served', examples: [`${PICTURES}/79c717da-2a39-48b5-8f40-1eb9ddd1828a.webp`] }),
    createdAt: Instant,
  })
  .meta({ id: 'Profile' });
export type Profile = z.infer<typeof Profile>;

export type NewUser = Pick<User, 'id' | 'email' | 'name' | 'role' | 'locale' | 'passwordHash' | 'verified'>;

export const register = (fields: NewUser, at: Date): User => ({
  ...fields,
  emailKey: emailKeyOf(fields.email),
  permissions: [],
  phone: null,
  picture: null,
  status: 'active',
  version: 1,
  createdAt: at.toISOString(),
});

export const edit = (user: User, change: { name?: string | undefined; locale?: string | undefined }): User => ({
  ...user,
  name: change.name ?? user.name,
  locale: change.locale ?? user.locale,
  version: user.version + 1,
});

export const profile = ({ id, email, name, role, permissions, phone, locale, picture, createdAt }: User): Profile => ({
  id,
  email,
  name,
  role,
  permissions: [...permissions],
  phone,
  locale,
  picture: picture === null ? null : `${PICTURES}/${picture}`,
  createdAt,
});

export const statusOf = ({ status, verified }: Pick<User, 'status' | 'verified'>): Status =>
  status === 'active' && !verified ? 'pending' : status;

/** What stays of an account that is deleted: its picture until the file is gone. */
export const erased = ({ id, picture, version, createdAt }: User): User => ({
  id,
  email: '',
  emailKey: '',
  name: '',
  role: 'customer',
  permissions: [],
  verified: false,
  status: 'deleted',
  locale: 'en',
  phone: null,
  picture,
  passwordHash: undefined,
  version: version + 1,
  createdAt,
});

/** Throws `forbidden` unless the person has proved that the address is theirs. */
export function mustBeProved({ verified }: Pick<User, 'verified'>): void {
  if (!verified) throw addressNotVerified();
}

export const addressNotVerified = () =>
  new DomainError('forbidden', 'address-not-verified', 'Prove that the address is yours first: see your mails.');

export const proved = (user: User): User => ({ ...user, verified: true, version: user.version + 1 });

/** With a new password, which ends all that was issued under the old one. */
export const withPassword = (user: User, passwordHash: string): User => ({ ...nextEpoch(user), passwordHash, version: user.version + 1 });

/** With an address that was just proved. */
export const withEmail = (user: User, email: string): User => ({
  ...user,
  email,
  emailKey: emailKeyOf(email),
  verified: true,
  version: user.version + 1,
});

/** With a number that was just proved, or without one. */
export const withPhone = (user: User, phone: string | null): User => ({ ...user, phone, version: user.version + 1 });

/** The rights that count: those of a customer until the address is proved, because anyone can register anyone's address. */
export const rights = ({ role, permissions, verified }: User): Pick<User, 'role' | 'permissions'> =>
  verified ? { role, permissions } : { role: 'customer', permissions: [] };

export const notVerified = (detail: string) =>
  new DomainError('conflict', 'address-not-verified', `${detail} Only proved addresses have a role or permissions.`);

/** Whom a notice about the account goes to. */
export const owner = ({ id: userId, email, name, locale }: User) => ({ userId, email, name, locale });

/** Tells others what an account has become. */
export const updated = (user: User): NewEvent =>
  UserUpdated(user.id, user.version, { ...owner(user), role: user.role, status: statusOf(user) });

/** `picture` is the name of its file. */
export const withPicture = (user: User, picture: string | null): User => ({ ...user, picture, version: user.version + 1 });

/** The key of an address that is trimmed and normalized, as every `Email` is. */
export const emailKeyOf = (email: string): string => email.toLowerCase();

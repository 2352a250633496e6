import { DomainError } from '@sidecart/chassis/errors';
import type { Permission } from '@sidecart/contracts/access-token';
import type { NewEvent } from '@sidecart/contracts/event';
import { UserUpdated } from '@sidecart/contracts/identity';
import { nextEpoch, type InEpoch } from './epoch.js';

export interface User extends InEpoch {
  id: string;
  /** As the person typed it. */
  email: string;
  /** The same for every capitalization of the address. */
  emailKey: string;
  name: string;
  role: Role;
  /** Empty unless the role is `staff`. */
  permissions: readonly Permission[];
  /** Whether the person has shown that the email address is theirs. */
  verified: boolean;
  /**
   * A deleted account keeps its id and creation time only, and its picture until the file is
   * removed.
   */
  status: 'active' | 'suspended' | 'deleted';
  locale: string;
  /** E.164, once it is verified. */
  phone: string | null;
  /** The name of the file. */
  picture: string | null;
  /** Undefined for people who came with a provider, until they reset it. */
  passwordHash: string | undefined;
  /** Increases with every change. */
  version: number;
  createdAt: string;
}

export const ROLES = ['customer', 'staff', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export const STATUSES = ['pending', 'active', 'suspended', 'deleted'] as const;
/** `pending` means active with an email address that is not verified yet. */
export type Status = (typeof STATUSES)[number];

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

export const statusOf = ({ status, verified }: Pick<User, 'status' | 'verified'>): Status =>
  status === 'active' && !verified ? 'pending' : status;

/** Returns what is kept of a deleted account: the picture, until its file is removed. */
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

/** Throws `forbidden` unless the email address is verified. */
export function requireVerified({ verified }: Pick<User, 'verified'>): void {
  if (!verified) throw emailNotVerified();
}

export const emailNotVerified = () =>
  new DomainError(
    'forbidden',
    'address-not-verified',
    'Verify your email address first: enter the code that we mailed you, or ask for a new one.',
  );

export const withVerifiedEmail = (user: User): User => ({ ...user, verified: true, version: user.version + 1 });

/**
 * Returns the account with a new password, which invalidates everything issued under the old one.
 */
export const withPassword = (user: User, passwordHash: string): User => ({ ...nextEpoch(user), passwordHash, version: user.version + 1 });

/** Returns the account with a new email address, which has just been verified. */
export const withEmail = (user: User, email: string): User => ({
  ...user,
  email,
  emailKey: emailKeyOf(email),
  verified: true,
  version: user.version + 1,
});

/** Returns the account with a phone number that has just been verified, or without one. */
export const withPhone = (user: User, phone: string | null): User => ({ ...user, phone, version: user.version + 1 });

/**
 * Returns the effective rights: those of a customer until the email address is verified, since
 * anyone can register any address.
 */
export const rights = ({ role, permissions, verified }: User): Pick<User, 'role' | 'permissions'> =>
  verified ? { role, permissions } : { role: 'customer', permissions: [] };

export const rightsNeedVerifiedEmail = (detail: string) =>
  new DomainError('conflict', 'address-not-verified', `${detail} Roles and permissions need a verified email address.`);

/** Returns the recipient of notices about the account. */
export const owner = ({ id: userId, email, name, locale }: User) => ({ userId, email, name, locale });

/** Returns the event that tells other services about a change. */
export const updated = (user: User): NewEvent =>
  UserUpdated(user.id, user.version, { ...owner(user), role: user.role, status: statusOf(user) });

/** `picture` is a file name. */
export const withPicture = (user: User, picture: string | null): User => ({ ...user, picture, version: user.version + 1 });

/** Returns the key of an email address that is trimmed and normalized, as every `Email` is. */
export const emailKeyOf = (email: string): string => email.toLowerCase();

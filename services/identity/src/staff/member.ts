import { may, Permission } from '@sidecart/chassis/auth';
import { DomainError } from '@sidecart/chassis/errors';
import { z } from 'zod';
import { notVerified, type User } from '../accounts/user.js';

export const Role = z.enum(['customer', 'staff', 'admin']);

const unique = (permissions: Permission[]) => new Set(permissions).size === permissions.length;
export const Permissions = z
  .array(Permission)
  .max(Permission.options.length)
  .refine(unique, 'each one once')
  .meta({ examples: [['orders']] });

export const MemberChange = z
  .strictObject({ role: Role.optional(), permissions: Permissions.optional(), status: z.enum(['active', 'suspended']).optional() })
  .refine((change) => Object.keys(change).length > 0, 'nothing to change')
  .meta({ examples: [{ role: 'staff', permissions: ['orders'] }] });
export type MemberChange = z.infer<typeof MemberChange>;

/** Throws `forbidden` where `actor` may not touch the account: staff reach customers only, and nobody reaches their own. */
export function mayTouch(actor: User, user: User): void {
  if (actor.id === user.id) throw new DomainError('forbidden', 'own-account', 'Nobody does this to their own account.');
  if (actor.role !== 'admin' && user.role !== 'customer') throw onlyAdmins();
}

/** Returns the account as `actor` changes it. Throws `forbidden`, `invalid`, or `conflict` for more rights before the address is proved. */
export function change(actor: User, user: User, { role = user.role, permissions, status }: MemberChange): User {
  mayTouch(actor, user);
  if (actor.role !== 'admin' && (role !== user.role || permissions !== undefined)) throw onlyAdmins();
  const held = role === 'staff' ? (permissions ?? user.permissions) : [];
  if (permissions?.some((permission) => !held.includes(permission))) throw onlyStaff();
  const changed = { ...user, role, permissions: held, status: status ?? user.status, version: user.version + 1 };
  if (!user.verified && gains(user, changed)) throw notVerified('The owner of this account has not proved the address yet.');
  return changed;
}

const RANK = { customer: 0, staff: 1, admin: 2 };

/** Whether the account has rights after a change that it had not before. */
export const gains = (before: User, after: User): boolean =>
  RANK[after.role] > RANK[before.role] || after.permissions.some((permission) => !may(before, permission));

export const onlyAdmins = () => new DomainError('forbidden', 'only-admins', 'Only an admin gives roles and permissions, or reaches staff.');

export const onlyStaff = () =>
  new DomainError('invalid', 'validation-failed', 'Only staff have permissions.', {
    errors: [{ field: 'permissions', message: 'only for the role staff' }],
  });

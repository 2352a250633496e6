import { Permission } from '@sidecart/chassis/auth';
import { DomainError } from '@sidecart/chassis/errors';
import { z } from 'zod';
import type { User } from '../accounts/user.js';

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

/** The account as `actor` changes it. Throws `forbidden` or `invalid`. */
export function change(actor: User, user: User, { role = user.role, permissions, status }: MemberChange): User {
  mayTouch(actor, user);
  if (actor.role !== 'admin' && (role !== user.role || permissions !== undefined)) throw onlyAdmins();
  const held = role === 'staff' ? (permissions ?? user.permissions) : [];
  if (permissions?.some((permission) => !held.includes(permission))) throw onlyStaff();
  return { ...user, role, permissions: held, status: status ?? user.status, version: user.version + 1 };
}

export const onlyAdmins = () => new DomainError('forbidden', 'only-admins', 'Only an admin gives roles and permissions, or reaches staff.');

export const onlyStaff = () =>
  new DomainError('invalid', 'validation-failed', 'Only staff have permissions.', {
    errors: [{ field: 'permissions', message: 'only for the role staff' }],
  });

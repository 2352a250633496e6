import { DomainError } from '@sidecart/chassis/errors';
import { may, type Permission } from '@sidecart/contracts/access-token';
import { rightsNeedVerifiedEmail, type Role, type User } from '../accounts/user.js';

export interface MemberChange {
  role?: Role | undefined;
  permissions?: Permission[] | undefined;
  status?: 'active' | 'suspended' | undefined;
}

/**
 * Throws `forbidden` unless `actor` may change the account. Staff may change customers only, and
 * nobody their own account.
 */
export function mayTouch(actor: User, user: User): void {
  if (actor.id === user.id) throw new DomainError('forbidden', 'own-account', 'You cannot do this to your own account.');
  if (actor.role !== 'admin' && user.role !== 'customer') throw onlyAdmins();
}

/**
 * Returns the changed account. Throws `forbidden`, `invalid`, or `conflict` for more rights while
 * the email address is not verified.
 */
export function change(actor: User, user: User, { role = user.role, permissions, status }: MemberChange): User {
  mayTouch(actor, user);
  if (actor.role !== 'admin' && (role !== user.role || permissions !== undefined)) throw onlyAdmins();
  const held = role === 'staff' ? (permissions ?? user.permissions) : [];
  if (permissions?.some((permission) => !held.includes(permission))) throw onlyStaff();
  const changed = { ...user, role, permissions: held, status: status ?? user.status, version: user.version + 1 };
  if (!user.verified && gains(user, changed))
    throw rightsNeedVerifiedEmail('The owner of this account has not verified the email address.');
  return changed;
}

const RANK = { customer: 0, staff: 1, admin: 2 };

/** Returns whether the account has rights after the change that it did not have before. */
export const gains = (before: User, after: User): boolean =>
  RANK[after.role] > RANK[before.role] || after.permissions.some((permission) => !may(before, permission));

export const onlyAdmins = () =>
  new DomainError('forbidden', 'only-admins', 'Only admins can change roles, permissions and the accounts of staff.');

export const onlyStaff = () =>
  new DomainError('invalid', 'validation-failed', 'Only staff can have permissions.', {
    errors: [{ field: 'permissions', message: 'must be empty unless the role is staff' }],
  });

import { z } from 'zod';
import { Role } from './access-token.js';
import { Id, UserId } from './common.js';
import { event } from './event.js';

export const UserRegistered = event(
  'user.registered',
  1,
  z.object({ userId: UserId, email: z.string(), name: z.string(), locale: z.string() }),
);

/** `cartSession` is the session of the guest's cart that the customer brings along, if any. */
export const UserSignedIn = event('user.signed_in', 1, z.object({ userId: UserId, cartSession: Id.nullable() }));

/** The account's owner, to whom notices go. */
const Owner = z.object({ userId: UserId, email: z.string(), name: z.string(), locale: z.string() });

/** Something that others may show has changed. `email` and `name` are the current ones. */
export const UserUpdated = event(
  'user.updated',
  1,
  Owner.extend({ role: Role, status: z.enum(['pending', 'active', 'suspended', 'deleted']) }),
);
/** The account refuses sign-ins, and its sessions have ended. */
export const UserSuspended = event('user.suspended', 1, Owner);
export const UserReinstated = event('user.reinstated', 1, z.object({ userId: UserId }));
/** Every service must erase what it keeps of the person, except what the law requires. */
export const UserDeleted = event('user.deleted', 1, z.object({ userId: UserId }));

/** The person has verified the email address. */
export const UserVerified = event('user.verified', 1, Owner);
export const PasswordResetRequested = event('user.password_reset_requested', 1, Owner);
export const PasswordChanged = event('user.password_changed', 1, Owner);
/** `email` is the new address. */
export const EmailChanged = event('user.email_changed', 1, Owner.extend({ oldEmail: z.string() }));
/** `phone` is null if it was removed. */
export const PhoneChanged = event('user.phone_changed', 1, Owner.extend({ phone: z.string().nullable() }));
export const TwoFactorChanged = event('user.two_factor_changed', 1, Owner.extend({ on: z.boolean() }));
const Identity = Owner.extend({
  /** The provider's name in the shop. */
  provider: z.string(),
  /** The person's address at the provider, if it is known. */
  providerEmail: z.string().nullable(),
});
/** From now on an identity at a provider signs in to the account. */
export const IdentityLinked = event('user.identity_linked', 1, Identity);
export const IdentityUnlinked = event('user.identity_unlinked', 1, Identity);
/** A refresh token was used twice, so it may be stolen. Its session has ended. */
export const RefreshTokenReused = event('user.refresh_token_reused', 1, Owner);

import { DomainError } from '@sidecart/chassis/errors';
import type { User } from '../accounts/user.js';
import type { Identified } from './provider.js';

export interface Candidates {
  /** The account that the identity is linked to. */
  linked: User | undefined;
  /** The account with the email address of the identity. */
  owner: User | undefined;
  /** Whether `owner` is linked to another identity of the same provider. */
  ownerHasOther: boolean;
}

/**
 * Returns the account to sign in to, or `new`. Throws unless both the provider and the account have
 * verified the email address, and if the account has another identity of this provider: at a
 * provider, an address may change hands.
 * @param trustEmail whether the settings trust the provider with email addresses
 */
export function accountOf(
  { email, emailVerified }: Identified,
  trustEmail: boolean,
  { linked, owner, ownerHasOther }: Candidates,
): User | 'new' {
  if (linked) return active(linked);
  // Before any look at the owner, so that claiming an address at a careless provider reveals
  // nothing.
  if (!trustEmail)
    throw new DomainError(
      'forbidden',
      'email-not-trusted',
      'This provider signs you in only to an account that is linked to it. Sign in another way, or register, and link it in your account.',
    );
  if (email === undefined || !emailVerified)
    throw new DomainError('forbidden', 'email-unverified', 'The provider has not verified your email address.');
  if (!owner) return 'new';
  if (!owner.verified)
    throw new DomainError(
      'conflict',
      'link-refused',
      'There is an account with your email address that was never verified. Sign in with its password, or reset it, and link the provider then.',
    );
  if (ownerHasOther)
    throw new DomainError(
      'conflict',
      'provider-already-linked',
      'Your account is linked to another identity at this provider. Sign in another way, and change the link in your account.',
    );
  return active(owner);
}

function active(user: User): User {
  if (user.status !== 'active') throw new DomainError('forbidden', 'account-suspended', 'This account is suspended.');
  return user;
}

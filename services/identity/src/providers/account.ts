import { DomainError } from '@sidecart/chassis/errors';
import type { User } from '../accounts/user.js';
import type { Identified } from './provider.js';

export interface Known {
  /** The account that signs in with this identity already. */
  linked: User | undefined;
  /** The account with the identity's address. */
  owner: User | undefined;
  /** Whether `owner` signs in with another identity of the same provider. */
  ownerHasOther: boolean;
}

/**
 * Whose sign-in it is: an account that is there, or `new`. Throws where an address is not proved on both sides, and where the account has
 * another identity of this provider: an address can change hands there.
 * @param trusted whether the provider's word on addresses is enough, as its settings say
 */
export function accountOf({ email, emailVerified }: Identified, trusted: boolean, { linked, owner, ownerHasOther }: Known): User | 'new' {
  if (linked) return usable(linked);
  // Asked before the owner, so that whoever invents an address at a careless provider learns nothing.
  if (!trusted)
    throw new DomainError(
      'forbidden',
      'email-not-trusted',
      'This provider can only sign you in to an account it is linked to. Sign in another way, or register, and link it in your account.',
    );
  if (email === undefined || !emailVerified)
    throw new DomainError('forbidden', 'email-unverified', 'The provider has not verified an address of yours.');
  if (!owner) return 'new';
  if (!owner.verified)
    throw new DomainError(
      'conflict',
      'link-refused',
      'There is an account with this address, which was never proved: sign in with its password, or reset that, and link the provider then.',
    );
  if (ownerHasOther)
    throw new DomainError(
      'conflict',
      'provider-already-linked',
      'Your account is linked to another identity at this provider. Sign in another way, and change the link in your account.',
    );
  return usable(owner);
}

function usable(user: User): User {
  if (user.status !== 'active') throw new DomainError('forbidden', 'account-suspended', 'This account is suspended.');
  return user;
}

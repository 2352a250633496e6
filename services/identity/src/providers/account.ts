import { DomainError } from '@sidecart/chassis/errors';
import type { User } from '../accounts/user.js';
import type { Identified } from './provider.js';

export interface Known {
  /** The account that signs in with this identity already. */
  linked: User | undefined;
  /** The account that is signed in and wants to from now on. */
  linkTo: User | undefined;
  /** The account with the identity's address. */
  owner: User | undefined;
}

/** Whose sign-in it is: an account that is there, or `new`. Throws where an address is not proved on both sides. */
export function accountOf({ email, emailVerified }: Identified, { linked, linkTo, owner }: Known): User | 'new' {
  if (linkTo && linked && linked.id !== linkTo.id)
    throw new DomainError('conflict', 'linked-elsewhere', 'Another account signs in with this identity.');
  const known = linkTo ?? linked;
  if (known) return usable(known);
  // Asked before the owner, so that whoever invents an address at a careless provider learns nothing.
  if (email === undefined || !emailVerified)
    throw new DomainError('forbidden', 'email-unverified', 'The provider has not verified an address of yours.');
  if (owner && !owner.verified)
    throw new DomainError(
      'conflict',
      'link-refused',
      'There is an account with this address, which was never proved: sign in with its password, or reset that, and link the provider then.',
    );
  return owner ? usable(owner) : 'new';
}

export function usable(user: User): User {
  if (user.status !== 'active') throw new DomainError('forbidden', 'account-suspended', 'This account is suspended.');
  return user;
}

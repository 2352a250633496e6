import { z } from 'zod';
import { Id } from './common.js';
import { event } from './event.js';

export const UserRegistered = event(
  'identity',
  'user.registered',
  1,
  z.object({ userId: Id, email: z.string(), name: z.string(), locale: z.string() }),
);

/** `cartSession` is the guest cart that the customer brought along, if any. */
export const UserSignedIn = event('identity', 'user.signed_in', 1, z.object({ userId: Id, cartSession: Id.nullable() }));

import { z } from 'zod';
import { ACCESS_TOKEN_SECONDS, type Keys } from '../keys/keys.js';
import { refreshToken, type Session } from './session.js';
import { Profile, profile, type User } from '../accounts/user.js';

/** What whoever signs in gets, and gets anew with each refresh. */
export const SignedIn = z
  .object({ user: Profile, accessToken: z.string(), refreshToken: z.string(), expiresIn: z.number().int().describe('seconds') })
  .meta({ id: 'SignedIn' });
export type SignedIn = z.infer<typeof SignedIn>;

/** `secret` is the session's newest. */
export const signedIn = (keys: Keys, user: User, session: Session, secret: string): SignedIn => ({
  user: profile(user),
  accessToken: keys.accessToken(user, session.id),
  refreshToken: refreshToken(session, secret),
  expiresIn: ACCESS_TOKEN_SECONDS,
});

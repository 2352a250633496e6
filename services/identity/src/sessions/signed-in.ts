import { z } from 'zod';
import { ACCESS_TOKEN_SECONDS, type Keys } from '../keys/keys.js';
import { RefreshToken, refreshToken, type Session } from './session.js';
import { Profile, profile, type User } from '../accounts/user.js';

/** A JSON Web Token. */
export const AccessToken = z
  .string()
  .max(4_096)
  .meta({ examples: ['eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiI1YjFmN2M3ZS0yZjBhLTRjMzktOWQ2ZS0xYThmM2IyYzRkNWUifQ.c2lnbmF0dXJl'] });

/** What whoever signs in gets, and gets anew with each refresh. */
export const SignedIn = z
  .object({
    user: Profile,
    accessToken: AccessToken,
    refreshToken: RefreshToken,
    expiresIn: z
      .number()
      .int()
      .meta({ description: 'seconds', examples: [ACCESS_TOKEN_SECONDS] }),
  })
  .meta({ id: 'SignedIn' });
export type SignedIn = z.infer<typeof SignedIn>;

/** `secret` is the session's newest. */
export const signedIn = (keys: Keys, user: User, session: Session, secret: string): SignedIn => ({
  user: profile(user),
  accessToken: keys.accessToken(user, session.id),
  refreshToken: refreshToken(session, secret),
  expiresIn: ACCESS_TOKEN_SECONDS,
});

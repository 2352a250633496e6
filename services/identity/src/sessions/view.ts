import type { User } from '../accounts/user.js';
import { profile } from '../accounts/view.js';
import { ACCESS_TOKEN_SECONDS, type Keys } from '../keys/keys.js';
import type { SignedIn } from './schemas.js';
import { refreshToken, type Session } from './session.js';

/** Returns the response to a sign-in. `secret` is the newest one of the session. */
export const signedIn = (keys: Keys, user: User, session: Session, secret: string): SignedIn => ({
  user: profile(user),
  accessToken: keys.accessToken(user, session.id),
  refreshToken: refreshToken(session, secret),
  expiresIn: ACCESS_TOKEN_SECONDS,
});

import { z } from 'zod';
import { Profile } from '../accounts/schemas.js';
import { ACCESS_TOKEN_SECONDS } from '../keys/keys.js';

export const SessionId = z.uuid().meta({ examples: ['47154fa0-9699-4ac7-9949-05434916c594'] });

/** A JSON Web Token. */
export const AccessToken = z
  .string()
  .max(4_096)
  .meta({ examples: ['eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiI1YjFmN2M3ZS0yZjBhLTRjMzktOWQ2ZS0xYThmM2IyYzRkNWUifQ.c2lnbmF0dXJl'] });

/** `<session id>.<secret>` */
export const RefreshToken = z
  .string()
  .regex(/^[\w-]{36}\.[\w-]{43}$/, 'must be a refresh token')
  .meta({ examples: ['47154fa0-9699-4ac7-9949-05434916c594.MByPW8pG_EpK-6Z7QiFTiP50C72AKLJEdBdafhVcqnc'] });

/** The response to a sign-in and to each refresh. */
export const SignedIn = z
  .object({
    user: Profile,
    accessToken: AccessToken,
    refreshToken: RefreshToken,
    expiresIn: z
      .number()
      .int()
      .meta({ description: 'of the access token, in seconds', examples: [ACCESS_TOKEN_SECONDS] }),
  })
  .meta({ id: 'SignedIn' });
export type SignedIn = z.infer<typeof SignedIn>;

/**
 * Access tokens: identity signs them, and every service verifies them with identity's public keys.
 */
import { z } from 'zod';
import { call } from './call.js';

export const ISSUER = 'sidecart';
/** The audience: the services of this shop. */
export const AUDIENCE = 'sidecart';
/** The `typ` header of an access token (RFC 9068). No other kind of token has it. */
export const TOKEN_TYPE = 'at+jwt';

export const Role = z.enum(['customer', 'staff', 'admin']);
export type Role = z.infer<typeof Role>;

/** What a member of staff may be permitted to do. Admins have every permission. */
export const Permission = z.enum(['catalog', 'inventory', 'orders', 'payments', 'users']);
export type Permission = z.infer<typeof Permission>;

/** The caller, as the access token describes it. */
export interface User {
  id: string;
  role: Role;
  /** Empty unless the role is `staff`. */
  permissions: readonly Permission[];
  email: string;
  name: string;
  /** Whether the email address is verified. */
  verified: boolean;
  /** The session that the token was issued for. */
  sessionId: string;
}

/** The type may be a full media type, in any case. */
const Header = z.object({ typ: z.string().regex(/^(application\/)?at\+jwt$/i) });

const Claims = z.object({
  sub: z.string(),
  role: Role,
  permissions: z.array(Permission),
  email: z.string(),
  name: z.string(),
  verified: z.boolean(),
  sid: z.string(),
});

/**
 * Parses a decoded token into its caller. Signature, issuer, audience and expiry are not checked.
 */
export const AccessToken = z
  .object({ header: Header, payload: Claims })
  .transform(({ payload: { sub, sid, ...claims } }): User => ({ id: sub, sessionId: sid, ...claims }));

/** Returns whether the caller is an admin, or staff with this permission. */
export const may = ({ role, permissions }: Pick<User, 'role' | 'permissions'>, permission: Permission): boolean =>
  role === 'admin' || (role === 'staff' && permissions.includes(permission));

const Jwk = z.looseObject({ kid: z.string(), kty: z.string() }).meta({
  examples: [
    {
      kty: 'EC',
      crv: 'P-256',
      x: 'KtQDiJyOo9V1tC7-t0Zy9-g6z0JmCxH7wPpwHz5Dy70',
      y: 'miBddsDFlUWIj5_qrTKOF4P4VYN9uKoOTYMlb6bCrgQ',
      kid: 'ff7e8bd3-a22f-472e-abba-0dad9f4f3dd2',
      alg: 'ES256',
      use: 'sig',
    },
  ],
});
export const JwkSet = z.object({ keys: z.array(Jwk) });
export type JwkSet = z.infer<typeof JwkSet>;

/** Returns the keys that verify access tokens. */
export const PublicKeys = call('identity', 'keys', z.strictObject({}), JwkSet);

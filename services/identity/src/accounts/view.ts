import type { NamedLink } from './links.js';
import { PICTURES, type LinkedIdentity, type Profile } from './schemas.js';
import type { User } from './user.js';

export const profile = ({ id, email, name, role, permissions, phone, locale, picture, createdAt }: User): Profile => ({
  id,
  email,
  name,
  role,
  permissions: [...permissions],
  phone,
  locale,
  picture: picture === null ? null : `${PICTURES}/${picture}`,
  createdAt,
});

export const linkedIdentity = ({ provider, email, linkedAt }: NamedLink): LinkedIdentity => ({ provider, email, linkedAt });

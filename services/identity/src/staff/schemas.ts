import { Permission } from '@sidecart/contracts/access-token';
import { z } from 'zod';
import { Role } from '../accounts/schemas.js';

const unique = (permissions: Permission[]) => new Set(permissions).size === permissions.length;
export const Permissions = z
  .array(Permission)
  .max(Permission.options.length)
  .refine(unique, 'must not repeat any')
  .meta({ examples: [['orders']] });

export const MemberChange = z
  .strictObject({ role: Role.optional(), permissions: Permissions.optional(), status: z.enum(['active', 'suspended']).optional() })
  .refine((change) => Object.keys(change).length > 0, 'must change something')
  .meta({ examples: [{ role: 'staff', permissions: ['orders'] }] });

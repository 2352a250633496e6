import { randomUUID } from 'node:crypto';
import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Store } from '@sidecart/chassis/store';
import { UserRegistered } from '@sidecart/contracts/identity';
import type { Request } from 'express';
import { z } from 'zod';
import { AccountId, Profile, Role, Status } from '../accounts/schemas.js';
import { account, existing, newUser, newUserKeys, userKey } from '../accounts/store.js';
import { noteAct, trailKeys } from '../accounts/trail.js';
import { erased, owner, register, statusOf, type User } from '../accounts/user.js';
import { Email, Locale, Name } from '../accounts/values.js';
import { profile } from '../accounts/view.js';
import { clientOf } from '../client.js';
import { erase, erasureKeys } from '../own-data/erase.js';
import type { DropPicture } from '../own-data/picture-files.js';
import { signedInKeys } from '../sessions/caller.js';
import { act, actor, changeMember, memberKeys, type Deed } from './change.js';
import { mayTouch, onlyAdmins, onlyStaff } from './member.js';
import { MemberChange, Permissions } from './schemas.js';
import type { Entry, UserIndex } from './user-index.js';

const Member = Profile.extend({ status: Status, verified: z.boolean() }).meta({ id: 'Member' });
const Listed = z
  .object({ ...Profile.pick({ id: true, email: true, name: true, role: true, createdAt: true }).shape, status: Status })
  .meta({ id: 'ListedMember' });

const ById = z.strictObject({ id: AccountId });
const Listing = z.strictObject({
  page: z.coerce.number().int().min(1).max(1_000).default(1),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  q: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'beginnings of words of the name or the email address', examples: ['bea'] }),
  role: Role.optional(),
  status: z
    .enum(['pending', 'active', 'suspended'])
    .optional()
    .meta({ examples: ['active'] }),
});
const NewMember = z.strictObject({
  email: Email,
  name: Name,
  locale: Locale.default('en'),
  role: z
    .enum(['customer', 'staff'])
    .default('customer')
    .meta({ examples: ['staff'] }),
  permissions: Permissions.default([]),
});

const missing = { 404: 'There is no such account.' };
const refused = { ...missing, 403: 'You cannot do this to this account.', 409: 'This is the last active admin.' };
const unverified = { 409: 'This is the last active admin, or it would get more rights while its email address is not verified.' };
const access = { staff: 'users' } as const;

export interface StaffOptions {
  store: Store;
  dropPicture: DropPicture;
  index: UserIndex;
}

/** Lets staff manage the accounts of others. */
export function staffRoutes({ store, dropPicture, index }: StaffOptions): Routes {
  const users = routes('staff');
  const deed = (caller: Deed['caller'], req: Request): Deed => ({ caller, from: clientOf(req), at: new Date() });

  users.get(
    '/api/users',
    {
      summary: 'Lists accounts, newest first.',
      access,
      rows: [13],
      query: Listing,
      reply: z.object({
        data: z.array(Listed),
        page: z.number().meta({ examples: [1] }),
        limit: z.number().meta({ examples: [20] }),
        total: z.number().meta({ examples: [1] }),
      }),
    },
    async ({ query: { page, limit, q: text, role, status } }) => {
      const { items, total } = await index.list({ text, role, status, page, limit });
      return { data: items.map(listed), page, limit, total };
    },
  );

  users.post(
    '/api/users',
    {
      summary:
        'Creates an account. Its owner sets a password with POST /api/auth/password-reset, which verifies the email address, so rights take effect then.',
      access,
      rows: [13],
      body: NewMember,
      reply: Member,
      status: 201,
      problems: { 403: 'Only admins can create staff.', 409: 'There is an account with this email address.' },
    },
    async ({ body: { permissions, ...fields }, user: caller, req }) => {
      const creation = deed(caller, req);
      const created = { ...register({ ...fields, id: randomUUID(), passwordHash: undefined, verified: false }, creation.at), permissions };
      if (permissions.length > 0 && created.role !== 'staff') throw onlyStaff();
      return store.transact([...signedInKeys(caller), ...newUserKeys(created.emailKey), ...trailKeys(created.id)], (docs) => {
        if (actor(docs, caller).role !== 'admin' && created.role !== 'customer') throw onlyAdmins();
        return {
          write: [...newUser(docs, created), ...noteAct(docs, act('user.created', creation, undefined, created))],
          events: [UserRegistered(created.id, created.version, owner(created))],
          result: member(created),
        };
      });
    },
  );

  users.get(
    '/api/users/:id',
    { summary: 'Returns an account.', access, rows: [13], params: ById, reply: Member, problems: missing },
    async ({ params: { id } }) => member(existing(await store.read(userKey(id)), 'The account')),
  );

  users.patch(
    '/api/users/:id',
    {
      summary: 'Changes role, permissions or status. A suspension or more rights end all sessions of the account.',
      access,
      rows: [9],
      params: ById,
      body: MemberChange,
      reply: Member,
      problems: { ...refused, ...unverified },
    },
    async ({ params: { id }, body, user: caller, req }) => {
      const change = deed(caller, req);
      return member(await store.transact(memberKeys(caller, id), (docs) => changeMember(docs, id, body, change)));
    },
  );

  users.delete(
    '/api/users/:id',
    { summary: 'Deletes an account, like its owner could.', access, rows: [13], params: ById, problems: refused },
    async ({ params: { id }, user: caller, req }) => {
      const deletion = deed(caller, req);
      await store.transact([...memberKeys(caller, id), ...erasureKeys(id)], (docs) => {
        const user = account(docs, id, 'The account');
        mayTouch(actor(docs, caller), user);
        return erase(docs, user, act('user.deleted', deletion, user, erased(user)));
      });
      await dropPicture(id);
    },
  );

  return users;
}

const member = (user: User): z.infer<typeof Member> => ({ ...profile(user), status: statusOf(user), verified: user.verified });

const listed = ({ _id: id, email, name, role, status, createdAt }: Entry) => ({
  id,
  email,
  name,
  role,
  status,
  createdAt: new Date(createdAt).toISOString(),
});

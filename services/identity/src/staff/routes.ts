import { randomUUID } from 'node:crypto';
import { routes, type Routes } from '@sidecart/chassis/routes';
import type { Store } from '@sidecart/chassis/store';
import { UserRegistered } from '@sidecart/contracts/identity';
import type { Request } from 'express';
import { z } from 'zod';
import { erased, owner, Profile, profile, register, Status, statusOf, type User } from '../accounts/user.js';
import { noteAct, trailKeys } from '../audit/trail.js';
import { clientOf } from '../client.js';
import { AccountId, Email, Locale, Name } from '../fields.js';
import { erase, erasureKeys } from '../own-data/erase.js';
import type { DropPicture } from '../pictures/drop.js';
import { signedInKeys } from '../sessions/account.js';
import { account, existing, newUser, newUserKeys, userKey } from '../store.js';
import { act, actor, changeMember, memberKeys, type Deed } from './change.js';
import { mayTouch, MemberChange, onlyAdmins, onlyStaff, Permissions, Role } from './member.js';
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
    .meta({ description: 'how words of the name or the address begin', examples: ['bea'] }),
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
const refused = { ...missing, 403: 'You may not do this to this account.', 409: 'It is the last active admin.' };
const unproved = { 409: 'It is the last active admin, or its address is not proved and it would get more rights.' };
const access = { staff: 'users' } as const;

export interface StaffOptions {
  store: Store;
  dropPicture: DropPicture;
  index: UserIndex;
}

/** How staff look after the accounts of others. */
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
        'Creates an account for someone, who sets a password with POST /api/auth/password-reset. Rights count from then on, since this proves the address.',
      access,
      rows: [13],
      body: NewMember,
      reply: Member,
      status: 201,
      problems: { 403: 'Only admins make staff.', 409: 'The address has an account.' },
    },
    async ({ body: { permissions, ...fields }, user: caller, req }) => {
      const doing = deed(caller, req);
      const made = { ...register({ ...fields, id: randomUUID(), passwordHash: undefined, verified: false }, doing.at), permissions };
      if (permissions.length > 0 && made.role !== 'staff') throw onlyStaff();
      return store.transact([...signedInKeys(caller), ...newUserKeys(made.emailKey), ...trailKeys(made.id)], (docs) => {
        if (actor(docs, caller).role !== 'admin' && made.role !== 'customer') throw onlyAdmins();
        return {
          write: [...newUser(docs, made), ...noteAct(docs, act('user.created', doing, undefined, made))],
          events: [UserRegistered(made.id, made.version, owner(made))],
          result: member(made),
        };
      });
    },
  );

  users.get(
    '/api/users/:id',
    { summary: 'Shows one account.', access, rows: [13], params: ById, reply: Member, problems: missing },
    async ({ params: { id } }) => member(existing(await store.read(userKey(id)), 'The account')),
  );

  users.patch(
    '/api/users/:id',
    {
      summary: 'Changes role, permissions or status. An account that is suspended or gets more rights is signed out.',
      access,
      rows: [9],
      params: ById,
      body: MemberChange,
      reply: Member,
      problems: { ...refused, ...unproved },
    },
    async ({ params: { id }, body, user: caller, req }) => {
      const doing = deed(caller, req);
      return member(await store.transact(memberKeys(caller, id), (docs) => changeMember(docs, id, body, doing)));
    },
  );

  users.delete(
    '/api/users/:id',
    { summary: 'Deletes an account for good, as its owner could.', access, rows: [13], params: ById, problems: refused },
    async ({ params: { id }, user: caller, req }) => {
      const doing = deed(caller, req);
      await store.transact([...memberKeys(caller, id), ...erasureKeys(id)], (docs) => {
        const user = account(docs, id, 'The account');
        mayTouch(actor(docs, caller), user);
        return erase(docs, user, act('user.deleted', doing, user, erased(user)));
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

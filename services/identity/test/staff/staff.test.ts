import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openDocuments, type Documents } from '@sidecart/chassis/documents';
import { openStore } from '@sidecart/chassis/store';
import { until } from '@sidecart/runner/until';
import { put } from '@sidecart/chassis/state';
import { startApp } from '@sidecart/testing/app';
import { beforePut, sharedDocuments } from '@sidecart/testing/documents';
import { createTestLogger } from '@sidecart/testing/logger';
import { aUser } from '@sidecart/testing/tokens';
import jwt from 'jsonwebtoken';
import { createApp } from '../../src/app.js';
import { epochOf } from '../../src/accounts/epoch.js';
import { register } from '../../src/accounts/user.js';
import { newSession } from '../../src/sessions/session.js';
import { openSession, sessionKey, sessionsKey } from '../../src/sessions/store.js';
import { changeMember, memberKeys } from '../../src/staff/change.js';
import { createUserIndex } from '../../src/staff/user-index.js';
import { newUser, newUserKeys, userKey } from '../../src/accounts/store.js';
import { PASSWORD, someSettings, startIdentity, type Identity } from '../identity.js';

let identity: Identity;
let admin: Someone;

interface Someone {
  id: string;
  email: string;
  accessToken: string;
  refreshToken: string;
}

beforeAll(async () => {
  identity = await startIdentity();
  admin = await signedIn('admin@shop.example', 'only for tests');
});
afterAll(() => identity.close());

async function signedIn(email: string, password = PASSWORD): Promise<Someone> {
  const { user, accessToken, refreshToken } = (await identity.login(email, password)).body;
  return { id: user.id, email, accessToken, refreshToken };
}

async function someone(change?: object): Promise<Someone> {
  const email = `${randomUUID()}@example.com`;
  const { body } = await identity.register(email);
  if (!change) return signedIn(email);
  await identity.verifyEmail(email);
  expect((await as(admin, 'PATCH', `/api/users/${body.user.id}`, change)).status).toBe(200);
  return signedIn(email);
}

/** A person with a verified email address. */
async function aVerifiedPerson(): Promise<Someone> {
  const person = await someone();
  await identity.verifyEmail(person.email);
  return person;
}

const as = ({ accessToken }: Someone, method: string, path: string, body?: unknown) => identity.withToken(accessToken, method, path, body);
const claims = ({ accessToken }: Pick<Someone, 'accessToken'>) => jwt.decode(accessToken, { json: true });
const usersStaff = () => someone({ role: 'staff', permissions: ['users'] });
const slug = ({ body }: { body: { type?: string } }) => body.type?.split('/').at(-1);

describe('the list of accounts', () => {
  test('can be searched by the beginning of name or email address, by role and by status', async () => {
    const word = `q${randomUUID().slice(0, 8)}`;
    const { body: made } = await as(admin, 'POST', '/api/users', { email: `${word}@example.com`, name: 'Zoë Quill' });
    const { body: staff } = await as(admin, 'POST', '/api/users', { email: `x-${word}@example.com`, name: 'Yan', role: 'staff' });
    const ids = async (query: string) => (await as(admin, 'GET', `/api/users?${query}`)).body.data.map(({ id }: { id: string }) => id);
    expect(await ids(`q=${word.slice(0, 7)}`)).toEqual([staff.id, made.id]);
    expect(await ids(`q=zoe%20${word}`)).toEqual([made.id]);
    expect(await ids(`q=${word}&role=staff`)).toEqual([staff.id]);
    expect(await ids(`q=${word}&status=pending`)).toEqual([staff.id, made.id]);
    expect(await ids(`q=${word}&status=active`)).toEqual([]);
    await as(admin, 'PATCH', `/api/users/${made.id}`, { status: 'suspended' });
    expect(await ids(`q=${word}&status=suspended`)).toEqual([made.id]);
    await as(admin, 'DELETE', `/api/users/${made.id}`);
    expect(await ids(`q=${word}`)).toEqual([staff.id]);
  });

  test('is paged, newest first, with a total', async () => {
    const [first, second] = [await someone(), await someone()];
    const page = async (n: number) => (await as(admin, 'GET', `/api/users?page=${n}&limit=1`)).body;
    expect(await page(1)).toMatchObject({ data: [{ id: second.id, role: 'customer', status: 'pending' }], page: 1, limit: 1 });
    expect((await page(2)).data[0].id).toBe(first.id);
    const { total } = await page(1);
    expect((await page(total)).data).toHaveLength(1);
    expect((await page(total + 1)).data).toEqual([]);
  });

  test('shows what the profile shows, and nothing secret', async () => {
    const { id } = await someone();
    const { body } = await as(admin, 'GET', `/api/users/${id}`);
    expect(body).toEqual({
      id,
      email: expect.any(String),
      name: 'Ann',
      role: 'customer',
      permissions: [],
      phone: null,
      locale: 'en',
      picture: null,
      status: 'pending',
      verified: false,
      createdAt: expect.any(String),
    });
    expect((await as(admin, 'GET', `/api/users/${randomUUID()}`)).status).toBe(404);
  });

  test('is rebuilt if the index is lost', async () => {
    const { id } = await someone();
    const documents = await openDocuments({ url: 'memory:' });
    const index = await createUserIndex({ documents, store: identity.store, logger: createTestLogger('test') });
    await index.ensure();
    const { items, total } = await index.list({ text: undefined, role: undefined, status: undefined, page: 1, limit: 100 });
    expect(items.map(({ _id }) => _id)).toContain(id);
    expect(total).toBe((await as(admin, 'GET', '/api/users')).body.total);
    await documents.close();
  });

  test('is complete after two replicas start concurrently and one is killed halfway', async () => {
    const { id } = await someone();
    const shared = await sharedDocuments();
    const start = (documents: Documents) => createUserIndex({ documents, store: identity.store, logger: createTestLogger('test') });
    const second = await start(beforePut(shared, () => Promise.reject(new Error('killed'))));
    const startSecond = () => expect(second.ensure()).rejects.toThrow('killed');
    const first = await start(beforePut(shared, async (name) => name === 'users-made' && startSecond()));
    await first.ensure();
    await (await start(shared)).ensure();
    const { items } = await first.list({ text: undefined, role: undefined, status: undefined, page: 1, limit: 100 });
    expect(items.map(({ _id }) => _id)).toContain(id);
  });
});

describe('people who may manage accounts', () => {
  const routes: [string, string, object?][] = [
    ['GET', '/api/users'],
    ['GET', `/api/users/${randomUUID()}`],
    ['POST', '/api/users', { email: 'new@example.com', name: 'New' }],
    ['PATCH', `/api/users/${randomUUID()}`, { status: 'suspended' }],
    ['DELETE', `/api/users/${randomUUID()}`],
    ['GET', '/api/audit'],
    ['GET', `/api/users/${randomUUID()}/audit`],
  ];

  test('are not customers or other staff', async () => {
    const [customer, packer] = [await someone(), await someone({ role: 'staff', permissions: ['inventory', 'orders'] })];
    for (const [method, path, body] of routes) {
      expect((await identity.request(method, path, body)).status).toBe(401);
      for (const who of [customer, packer]) expect((await as(who, method, path, body)).status).toBe(403);
    }
  });

  test('are staff with the permission, who can change customers only and no roles', async () => {
    const [clerk, customer, colleague] = [await usersStaff(), await someone(), await someone({ role: 'staff' })];
    expect((await as(clerk, 'PATCH', `/api/users/${customer.id}`, { status: 'suspended' })).body.status).toBe('suspended');
    expect((await as(clerk, 'POST', '/api/users', { email: `${randomUUID()}@example.com`, name: 'New' })).status).toBe(201);
    const refused = await Promise.all([
      as(clerk, 'PATCH', `/api/users/${customer.id}`, { role: 'staff' }),
      as(clerk, 'PATCH', `/api/users/${customer.id}`, { permissions: [] }),
      as(clerk, 'PATCH', `/api/users/${colleague.id}`, { status: 'suspended' }),
      as(clerk, 'PATCH', `/api/users/${admin.id}`, { status: 'suspended' }),
      as(clerk, 'DELETE', `/api/users/${colleague.id}`),
      as(clerk, 'POST', '/api/users', { email: `${randomUUID()}@example.com`, name: 'New', role: 'staff' }),
    ]);
    expect(refused.map((answer) => [answer.status, slug(answer)])).toEqual(refused.map(() => [403, 'only-admins']));
    expect((await as(clerk, 'GET', '/api/audit')).status).toBe(403);
  });

  test('are not those who lost the permission, whatever their token says', async () => {
    const [clerk, customer] = [await usersStaff(), await someone()];
    await as(admin, 'PATCH', `/api/users/${clerk.id}`, { permissions: [] });
    const { status } = await as(clerk, 'PATCH', `/api/users/${customer.id}`, { status: 'suspended' });
    expect([status, (await as(admin, 'GET', `/api/users/${customer.id}`)).body.status]).toEqual([403, 'pending']);
  });

  test('cannot change their own account', async () => {
    const second = await someone({ role: 'admin' });
    for (const who of [admin, second, await usersStaff()]) {
      for (const change of [{ role: 'customer' }, { role: 'admin' }, { permissions: ['users'] }, { status: 'suspended' }])
        expect(slug(await as(who, 'PATCH', `/api/users/${who.id}`, change))).toBe('own-account');
      expect(slug(await as(who, 'DELETE', `/api/users/${who.id}`))).toBe('own-account');
    }
    await as(admin, 'DELETE', `/api/users/${second.id}`);
  });
});

describe('a new role', () => {
  test('is in the access token after the next sign-in, with its permissions', async () => {
    const person = await aVerifiedPerson();
    const { body } = await as(admin, 'PATCH', `/api/users/${person.id}`, { role: 'staff', permissions: ['catalog', 'orders'] });
    expect(body).toMatchObject({ role: 'staff', permissions: ['catalog', 'orders'] });
    expect((await identity.refresh(person.refreshToken)).status).toBe(401);
    expect(claims(await signedIn(person.email))).toMatchObject({ role: 'staff', permissions: ['catalog', 'orders'] });
  });

  test.each([
    ['customer to staff', undefined, { role: 'staff' }, 401],
    ['customer to admin', undefined, { role: 'admin' }, 401],
    ['staff to admin', { role: 'staff', permissions: ['orders'] }, { role: 'admin' }, 401],
    ['one more permission', { role: 'staff', permissions: ['orders'] }, { permissions: ['orders', 'catalog'] }, 401],
    ['another permission', { role: 'staff', permissions: ['orders'] }, { permissions: ['catalog'] }, 401],
    ['one permission less', { role: 'staff', permissions: ['orders', 'catalog'] }, { permissions: ['catalog'] }, 200],
    ['staff to customer', { role: 'staff', permissions: ['orders'] }, { role: 'customer' }, 200],
    ['admin to staff', { role: 'admin' }, { role: 'staff', permissions: ['orders'] }, 200],
    ['nothing new', { role: 'staff', permissions: ['orders'] }, { role: 'staff', permissions: ['orders'] }, 200],
  ])('ends the sessions if it gives more rights: %s', async (_what, before, after, refreshed) => {
    const person = before ? await someone(before) : await aVerifiedPerson();
    expect((await as(admin, 'PATCH', `/api/users/${person.id}`, after)).status).toBe(200);
    expect((await identity.refresh(person.refreshToken)).status).toBe(refreshed);
    expect(claims(await signedIn(person.email))).toMatchObject(after);
    await as(admin, 'DELETE', `/api/users/${person.id}`);
  });

  test.each([{ role: 'staff' }, { role: 'admin' }, { role: 'staff', permissions: ['users'] }])(
    'is refused while the email address is not verified: %j',
    async (change) => {
      const person = await someone();
      const answer = await as(admin, 'PATCH', `/api/users/${person.id}`, change);
      expect([answer.status, slug(answer)]).toEqual([409, 'address-not-verified']);
      expect((await as(admin, 'GET', `/api/users/${person.id}`)).body).toMatchObject({ role: 'customer', permissions: [] });
      expect((await as(admin, 'PATCH', `/api/users/${person.id}`, { status: 'suspended' })).status).toBe(200);
    },
  );

  test('removes the permissions of staff', async () => {
    const { id } = await someone({ role: 'staff', permissions: ['catalog'] });
    expect((await as(admin, 'PATCH', `/api/users/${id}`, { role: 'customer' })).body).toMatchObject({ role: 'customer', permissions: [] });
    expect((await as(admin, 'PATCH', `/api/users/${id}`, { permissions: ['catalog'] })).status).toBe(400);
  });

  test.each([
    [{}, ''],
    [{ role: 'owner' }, 'role'],
    [{ permissions: ['everything'] }, 'permissions.0'],
    [{ permissions: ['users', 'users'] }, 'permissions'],
    [{ status: 'deleted' }, 'status'],
    [{ email: 'other@example.com' }, 'email'],
    [{ passwordHash: 'x' }, 'passwordHash'],
  ])('is refused as %j', async (change, field) => {
    const { status, body } = await as(admin, 'PATCH', `/api/users/${admin.id}`, change);
    expect([status, body.errors[0].field]).toEqual([400, field]);
  });
});

describe('an invitation of staff', () => {
  const invite = async () => {
    const email = `${randomUUID()}@example.com`;
    const { body } = await as(admin, 'POST', '/api/users', { email, name: 'Sam', role: 'staff', permissions: ['users'] });
    return { email, id: String(body.id), body };
  };

  test('takes effect once its owner has set a password, which verifies the email address', async () => {
    const { email, body } = await invite();
    expect(body).toMatchObject({ role: 'staff', permissions: ['users'], verified: false });
    await identity.request('POST', '/api/auth/password-reset', { email });
    const mail = await identity.mailed('reset-password', email);
    const code = 'code' in mail ? mail.code : '';
    await identity.request('POST', '/api/auth/password-reset/confirm', { email, code, password: PASSWORD });
    const sam = await signedIn(email);
    expect(claims(sam)).toMatchObject({ role: 'staff', permissions: ['users'], verified: true });
    expect((await as(sam, 'GET', '/api/users')).status).toBe(200);
  });

  test('can be reduced, and not extended, before that', async () => {
    const { id } = await invite();
    const more = await as(admin, 'PATCH', `/api/users/${id}`, { permissions: ['users', 'orders'] });
    expect([more.status, slug(more)]).toEqual([409, 'address-not-verified']);
    expect((await as(admin, 'PATCH', `/api/users/${id}`, { permissions: [] })).body.permissions).toEqual([]);
    expect((await as(admin, 'PATCH', `/api/users/${id}`, { role: 'customer' })).body.role).toBe('customer');
  });
});

/** Earlier versions gave rights to accounts without a verified email address. */
describe('staff whose email address is not verified', () => {
  async function anUnverified(): Promise<Someone> {
    const person = await someone();
    const key = userKey(person.id);
    await identity.store.transact([key], (docs) => {
      const user = docs.get(key);
      return { write: user ? [put(key, { ...user, role: 'staff' as const, permissions: ['users' as const] })] : [], result: undefined };
    });
    return signedIn(person.email);
  }

  test('have the rights of a customer', async () => {
    const person = await anUnverified();
    expect(claims(person)).toMatchObject({ role: 'customer', permissions: [], verified: false });
    expect((await as(person, 'GET', '/api/users')).status).toBe(403);
    const refreshed = (await identity.refresh(person.refreshToken)).body;
    expect(claims(refreshed)).toMatchObject({ role: 'customer', permissions: [] });
    const { body } = await identity.request('POST', '/api/auth/token/verify', { accessToken: refreshed.accessToken });
    expect(body.role).toBe('customer');
  });

  test('cannot use a token from before', async () => {
    const [person, customer] = [await anUnverified(), await someone()];
    const key = userKey(person.id);
    const caller = aUser({ id: person.id, role: 'staff', permissions: ['users'], sessionId: claims(person)?.sid });
    const deed = { caller, from: { address: '', agent: '' }, at: new Date() };
    const suspending = identity.store.transact([...memberKeys(caller, customer.id), key], (docs) =>
      changeMember(docs, customer.id, { status: 'suspended' }, deed),
    );
    await expect(suspending).rejects.toMatchObject({ kind: 'forbidden' });
  });

  test('have their rights from the next sign-in after it is verified', async () => {
    const person = await anUnverified();
    await identity.verifyEmail(person.email);
    expect((await identity.refresh(person.refreshToken)).status).toBe(401);
    expect(claims(await signedIn(person.email))).toMatchObject({ role: 'staff', permissions: ['users'] });
  });

  test('cannot verify another email address instead', async () => {
    const person = await anUnverified();
    const email = `${randomUUID()}@example.com`;
    await as(person, 'POST', '/api/users/me/email', { email, password: PASSWORD });
    const mail = await identity.mailed('change-email', email);
    const answer = await as(person, 'POST', '/api/users/me/email/confirm', { code: 'code' in mail ? mail.code : '' });
    expect([answer.status, slug(answer)]).toEqual([409, 'address-not-verified']);
  });
});

describe('a suspended person', () => {
  test('is signed out and cannot sign in until reinstated, and both are published', async () => {
    const person = await someone();
    const other = await signedIn(person.email);
    await as(admin, 'PATCH', `/api/users/${person.id}`, { status: 'suspended' });
    for (const { refreshToken } of [person, other]) expect((await identity.refresh(refreshToken)).status).toBe(401);
    expect((await identity.login(person.email)).status).toBe(403);
    const event = await until('it is published', 5, async () =>
      identity.published.find(({ type, subject }) => type === 'user.suspended' && subject === person.id),
    );
    expect(event).toMatchObject({ sequence: 2, data: { userId: person.id, email: person.email } });
    await as(admin, 'PATCH', `/api/users/${person.id}`, { status: 'active' });
    expect((await identity.login(person.email)).status).toBe(200);
    expect((await identity.refresh(person.refreshToken)).status).toBe(401);
    const back = await until('the return is announced', 5, async () =>
      identity.published.find(({ type, subject }) => type === 'user.reinstated' && subject === person.id),
    );
    expect(back).toMatchObject({ sequence: 3, data: { userId: person.id } });
  });
});

describe('the last active admin', () => {
  test('remains when two admins demote each other concurrently on two replicas', async () => {
    await startApp('identity', someSettings(), async (deps) => {
      const other = await openStore({ dapr: deps.dapr, app: 'identity', replica: 'other' });
      const [ann, bob] = ['ann', 'bob'].map((name) =>
        register(
          { id: name, email: `${name}@shop.example`, name, role: 'admin', locale: 'en', passwordHash: undefined, verified: true },
          new Date(),
        ),
      );
      if (!ann || !bob) throw new Error('not made');
      const from = { address: '', agent: '' };
      for (const user of [ann, bob])
        await deps.store.transact(newUserKeys(user.emailKey), (docs) => ({ write: newUser(docs, user), result: undefined }));
      /** Regaining the role has ended earlier sessions. */
      const signIn = (userId: string) =>
        deps.store.transact([userKey(userId), sessionsKey(userId), sessionKey(`session-${userId}`)], (docs, now) => {
          const session = newSession({ id: `session-${userId}`, userId, secret: 'unused', secondFactor: false, days: 90, ...from }, now);
          return { write: openSession(docs, { ...session, epoch: epochOf(docs.get(userKey(userId))) }), result: undefined };
        });
      const deed = (id: string) => ({ caller: aUser({ id, role: 'admin', sessionId: `session-${id}` }), from, at: new Date() });
      const demote = (store: typeof other, by: string, whom: string) =>
        store.transact(memberKeys(deed(by).caller, whom), (docs) => changeMember(docs, whom, { role: 'customer' }, deed(by)));
      for (let round = 0; round < 10; round++) {
        for (const { id } of [ann, bob]) await signIn(id);
        const outcomes = await Promise.allSettled([demote(deps.store, 'ann', 'bob'), demote(other, 'bob', 'ann')]);
        expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
        const refused = outcomes.find((outcome) => outcome.status === 'rejected');
        expect(['last-admin', 'forbidden']).toContain(refused?.reason.slug);
        const left = await Promise.all(['ann', 'bob'].map((id) => deps.store.read(userKey(id))));
        const [winner] = left.filter((user) => user?.role === 'admin');
        const loser = winner?.id === 'ann' ? 'bob' : 'ann';
        const { caller } = deed(winner?.id ?? '');
        await deps.store.transact(memberKeys(caller, loser), (docs) =>
          changeMember(docs, loser, { role: 'admin' }, deed(winner?.id ?? '')),
        );
      }
      await other.close();
      return createApp({
        ...deps,
        documents: await openDocuments({ url: 'memory:' }),
        sendMail: async () => ({}),
        sendSms: async () => ({}),
      });
    }).then((app) => app.close());
  });

  test('cannot delete the account', async () => {
    const answer = await as(admin, 'DELETE', '/api/users/me', { password: 'only for tests' });
    expect([answer.status, slug(answer)]).toEqual([409, 'last-admin']);
    expect((await as(admin, 'GET', '/api/users/me')).status).toBe(200);
  });
});

describe('the audit trail', () => {
  test('says who changed what, when, from where, and the values before', async () => {
    const person = await aVerifiedPerson();
    const start = Date.now();
    await as(admin, 'PATCH', `/api/users/${person.id}`, { role: 'staff', permissions: ['catalog'] });
    await as(admin, 'PATCH', `/api/users/${person.id}`, { status: 'suspended' });
    const { body } = await as(admin, 'GET', `/api/users/${person.id}/audit`);
    const deed = { about: person.id, by: admin.id, what: 'user.changed', address: '127.0.0.1', agent: 'node', at: expect.any(String) };
    expect(body).toEqual({
      data: [
        { ...deed, changes: { status: { before: 'active', after: 'suspended' } } },
        { ...deed, changes: { role: { before: 'customer', after: 'staff' }, permissions: { before: [], after: ['catalog'] } } },
      ],
      next: null,
    });
    expect(Date.parse(body.data[1].at)).toBeGreaterThanOrEqual(start);
    const all = (await as(admin, 'GET', '/api/audit?limit=2')).body;
    expect(all.data).toEqual(body.data);
    expect((await as(admin, 'GET', `/api/audit?limit=2&cursor=${all.next}`)).body.data).toHaveLength(2);
    expect(JSON.stringify(all)).not.toContain(person.email);
  });

  test('includes creations and deletions, and nothing that was refused', async () => {
    const { body: made } = await as(admin, 'POST', '/api/users', { email: `${randomUUID()}@example.com`, name: 'New' });
    await as(admin, 'PATCH', `/api/users/${made.id}`, { permissions: ['catalog'] });
    await as(admin, 'DELETE', `/api/users/${made.id}`);
    await as(admin, 'DELETE', `/api/users/${made.id}`);
    const { body } = await as(admin, 'GET', `/api/users/${made.id}/audit`);
    expect(body.data.map(({ what }: { what: string }) => what)).toEqual(['user.deleted', 'user.created']);
    expect(body.data[0].changes.status).toEqual({ before: 'active', after: 'deleted' });
  });

  test('loses nothing when many changes are concurrent', async () => {
    const people = await Promise.all(Array.from({ length: 8 }, () => someone()));
    await Promise.all(people.map(({ id }) => as(admin, 'PATCH', `/api/users/${id}`, { status: 'suspended' })));
    const { body } = await as(admin, 'GET', '/api/audit?limit=8');
    expect(new Set(body.data.map(({ about }: { about: string }) => about))).toEqual(new Set(people.map(({ id }) => id)));
  });
});

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { put } from '@sidecart/chassis/state';
import { until } from '@sidecart/runner/until';
import jwt from 'jsonwebtoken';
import { codeKey, sentKey } from '../../src/codes/store.js';
import { ownerKey, userByEmail } from '../../src/accounts/store.js';
import { PASSWORD, startIdentity, type Identity } from '../identity.js';

let identity: Identity;
let serial = 0;
beforeAll(async () => void (identity = await startIdentity()));
afterAll(() => identity.close());

type Ask = ReturnType<typeof asking>;
/** Each test uses another place. */
const asking = (from = `192.0.2.${++serial}`) => {
  return (path: string, body: unknown) => identity.request('POST', `/api/auth/${path}`, body, { headers: { 'x-forwarded-for': from } });
};

interface Person {
  email: string;
  id: string;
  accessToken: string;
  refreshToken: string;
  ask: Ask;
}

async function someone(): Promise<Person> {
  const email = `person-${++serial}@example.com`;
  const { body } = await identity.register(email);
  return { email, id: body.user.id, accessToken: body.accessToken, refreshToken: body.refreshToken, ask: asking() };
}

type Template = 'verify-email' | 'reset-password';

async function codeFor(template: Template, email: string): Promise<{ code: string; token: string }> {
  const mail = await identity.mailed(template, email);
  if (!('link' in mail)) throw new Error(`${template} has no link`);
  return { code: mail.code, token: new URL(mail.link).hash.replace('#token=', '') };
}

const guess = (code: string, n: number) => String((Number(code) + 1 + n) % 1_000_000).padStart(6, '0');
const type = (slug: string) => `https://sidecart.dev/problems/${slug}`;

/** Lets the next mail be sent, as after a minute. */
async function minutePasses(template: Template, holder: string): Promise<void> {
  const sent = sentKey(template, holder);
  await identity.store.transact([sent], (docs) => ({
    write: [
      put(
        sent,
        (docs.get(sent) ?? []).map((time) => new Date(Date.parse(time) - 60_000).toISOString()),
      ),
    ],
    result: undefined,
  }));
}

const flows = {
  'verify-email': { send: 'email-verification', confirm: 'email-verification/confirm', more: {}, done: 200 },
  'reset-password': { send: 'password-reset', confirm: 'password-reset/confirm', more: { password: 'a newer horse' }, done: 204 },
} as const;

describe.each(['verify-email', 'reset-password'] as const)('a code to %s', (template) => {
  const { send, confirm, more, done } = flows[template];
  const isSent = async ({ ask, email }: Person) => {
    if (template === 'reset-password') await ask(send, { email });
    return codeFor(template, email);
  };

  test('works once, whether it is typed or its link is opened', async () => {
    for (const show of [
      (email: string, { code }: { code: string }) => ({ email, code }),
      (_email: string, { token }: { token: string }) => ({ token }),
    ]) {
      const person = await someone();
      const sent = await isSent(person);
      expect((await person.ask(confirm, { ...show(person.email, sent), ...more })).status).toBe(done);
      for (const again of [{ email: person.email, code: sent.code }, { token: sent.token }])
        expect((await person.ask(confirm, { ...again, ...more })).body.type).toBe(type('invalid-code'));
    }
  });

  test('is invalid after five wrong guesses, even concurrent ones, but its link stays valid', async () => {
    const person = await someone();
    const { code, token } = await isSent(person);
    const guesses = await Promise.all(
      Array.from({ length: 8 }, (_, n) => person.ask(confirm, { email: person.email, code: guess(code, n), ...more })),
    );
    expect(guesses.every(({ status }) => status === 400)).toBe(true);
    expect((await person.ask(confirm, { email: person.email, code, ...more })).status).toBe(400);
    expect((await person.ask(confirm, { token, ...more })).status).toBe(done);
  });

  test('is replaced by the next one, which is sent once a minute and five times an hour', async () => {
    const person = await someone();
    const first = await isSent(person);
    const soon = await person.ask(send, { email: person.email });
    expect([soon.status, soon.body.type]).toEqual([429, type('too-many-tries')]);
    expect(Number(soon.headers.get('retry-after'))).toBeGreaterThan(50);
    for (let n = 0; n < 4; n++) {
      await minutePasses(template, person.id);
      expect((await person.ask(send, { email: person.email })).status).toBe(202);
    }
    await minutePasses(template, person.id);
    const sixth = await person.ask(send, { email: person.email });
    expect([sixth.status, Number(sixth.headers.get('retry-after')) > 3_000]).toEqual([429, true]);
    const next = await codeFor(template, person.email);
    if (first.code !== next.code) expect((await person.ask(confirm, { email: person.email, code: first.code, ...more })).status).toBe(400);
    expect((await person.ask(confirm, { token: next.token, ...more })).status).toBe(done);
  });

  test('works for no other account and no other purpose', async () => {
    const [person, other] = [await someone(), await someone()];
    const sent = await isSent(person);
    await isSent(other);
    expect((await other.ask(confirm, { email: other.email, code: sent.code, ...more })).status).toBe(400);
    const [, secret = ''] = sent.token.split('.');
    expect((await other.ask(confirm, { token: `${other.id}.${secret}`, ...more })).status).toBe(400);
    const elsewhere = template === 'verify-email' ? flows['reset-password'] : flows['verify-email'];
    expect((await person.ask(elsewhere.confirm, { token: sent.token, ...elsewhere.more })).status).toBe(400);
  });

  test('appears neither in the state nor in an event', async () => {
    const person = await someone();
    const { code, token } = await isSent(person);
    const [, secret = ''] = token.split('.');
    const stored = JSON.stringify(await identity.store.read(codeKey(template, person.id)));
    for (const hidden of [code, secret]) expect(stored).not.toContain(hidden);
    expect(JSON.stringify(identity.published)).not.toContain(secret);
    expect(JSON.stringify(identity.published.map(({ data }) => data))).not.toContain(`"${code}"`);
  });

  test('gets the same response for an email address without an account, the second time too', async () => {
    const person = await someone();
    const ask = asking();
    if (template === 'verify-email') await minutePasses(template, person.id);
    const stranger = `nobody-${++serial}@example.com`;
    const [known, unknown] = [await ask(send, { email: person.email }), await ask(send, { email: stranger })];
    expect([known.status, known.body, unknown.status, unknown.body]).toEqual([202, undefined, 202, undefined]);
    const again = [await ask(send, { email: person.email }), await ask(send, { email: stranger })];
    for (const { status, body } of again) expect([status, body.type]).toEqual([429, type('too-many-tries')]);
    await codeFor(template, person.email);
    expect(identity.mails.filter(({ to }) => to === stranger)).toEqual([]);
    const { code } = await codeFor(template, person.email);
    const [a, b] = [
      await ask(confirm, { email: person.email, code: guess(code, 0), ...more }),
      await ask(confirm, { email: stranger, code: '123456', ...more }),
    ];
    expect([a.status, b.status, a.body.type, a.body.detail]).toEqual([400, 400, b.body.type, b.body.detail]);
  });

  test('slows down someone who guesses from one place', async () => {
    const ask = asking();
    const guesses = [];
    for (let n = 0; n < 50; n++) guesses.push(await ask(confirm, { email: `nobody-${n}@example.com`, code: '123456', ...more }));
    expect(new Set(guesses.map(({ status }) => status))).toEqual(new Set([400]));
    expect((await ask(confirm, { email: 'nobody@example.com', code: '123456', ...more })).status).toBe(429);
    expect((await asking()(confirm, { email: 'nobody@example.com', code: '123456', ...more })).status).toBe(400);
  });

  test.each([
    {},
    { email: 'ann@example.com' },
    { code: '123456' },
    { email: 'ann@example.com', code: '123456', token: `a.${'A'.repeat(43)}` },
  ])('is sent with its email address or as the token of a link: %j', async (fields) => {
    expect((await asking()(confirm, { ...fields, ...more })).body).toMatchObject({ status: 400, errors: [{ field: 'token' }] });
  });
});

describe('verifying an email address', () => {
  test('is in the next access token, and is published', async () => {
    const person = await someone();
    expect(jwt.decode(person.accessToken)).toMatchObject({ verified: false });
    await person.ask('email-verification/confirm', { token: (await codeFor('verify-email', person.email)).token });
    expect(jwt.decode((await identity.refresh(person.refreshToken)).body.accessToken)).toMatchObject({ verified: true });
    await until('it is published', 5, async () =>
      identity.published.some((each) => each.type === 'user.verified' && each.subject === person.id),
    );
  });

  test('happens once: a verified address gets no more codes, and the response is the same', async () => {
    const person = await someone();
    await person.ask('email-verification/confirm', { token: (await codeFor('verify-email', person.email)).token });
    const before = identity.mails.length;
    await minutePasses('verify-email', person.id);
    expect((await person.ask('email-verification', { email: person.email })).status).toBe(202);
    expect(identity.mails.slice(before).filter(({ to }) => to === person.email)).toEqual([]);
  });

  test('is needed for signing in, if a setting says so', async () => {
    const strict = await startIdentity({ REQUIRE_VERIFIED: 'login' });
    try {
      expect((await strict.register('new@example.com')).body).toMatchObject({ status: 403, title: 'Address not verified' });
      expect((await strict.login('new@example.com', 'wrong horse')).status).toBe(401);
      const mail = await strict.mailed('verify-email', 'new@example.com');
      const code = 'code' in mail ? mail.code : '';
      await strict.request('POST', '/api/auth/email-verification/confirm', { email: 'New@example.com', code });
      expect((await strict.login('new@example.com')).status).toBe(200);
    } finally {
      await strict.close();
    }
  });
});

describe('resetting a password', () => {
  test('ends all sessions, accepts only the new password, and verifies the email address', async () => {
    const person = await someone();
    const other = (await identity.login(person.email)).body;
    await person.ask('password-reset', { email: person.email });
    const { token } = await codeFor('reset-password', person.email);
    expect((await person.ask('password-reset/confirm', { token, password: 'a newer horse' })).status).toBe(204);
    for (const { refreshToken } of [person, other]) expect((await identity.refresh(refreshToken)).status).toBe(401);
    expect((await identity.login(person.email)).status).toBe(401);
    expect((await identity.login(person.email, 'a newer horse')).status).toBe(200);
    expect(await userByEmail(identity.store, person.email)).toMatchObject({ verified: true });
    await until('it is published', 5, async () =>
      ['user.password_reset_requested', 'user.password_changed', 'user.verified'].every((type) =>
        identity.published.some((each) => each.type === type && each.subject === person.id),
      ),
    );
  });

  test('uses up no code for a password that is refused', async () => {
    const person = await someone();
    await person.ask('password-reset', { email: person.email });
    const { token } = await codeFor('reset-password', person.email);
    for (const password of ['x7#qL', 'password123', 'p'.repeat(129)])
      expect((await person.ask('password-reset/confirm', { token, password })).body).toMatchObject({
        status: 400,
        errors: [{ field: 'password' }],
      });
    expect((await person.ask('password-reset/confirm', { token, password: 'a newer horse' })).status).toBe(204);
  });
});

describe('changing a password', () => {
  const change = (token: string, currentPassword: string, newPassword: string) =>
    identity.withToken(token, 'POST', '/api/auth/password', { currentPassword, newPassword });

  test('needs the current one, and ends the other sessions', async () => {
    const person = await someone();
    const other = (await identity.login(person.email)).body;
    expect((await change(person.accessToken, 'wrong horse', 'a newer horse')).body.type).toBe(type('wrong-password'));
    expect((await change(person.accessToken, PASSWORD, 'a newer horse')).status).toBe(204);
    expect((await identity.refresh(other.refreshToken)).status).toBe(401);
    expect((await identity.refresh(person.refreshToken)).status).toBe(200);
    expect((await identity.login(person.email, 'a newer horse')).status).toBe(200);
  });

  test.each(['x7#qL', 'p'.repeat(129), 'password123', 'PASSWORD123', 'iloveyou'])('refuses %j', async (password) => {
    const person = await someone();
    expect((await change(person.accessToken, PASSWORD, password)).body).toMatchObject({ status: 400, errors: [{ field: 'newPassword' }] });
  });

  test('slows down someone who guesses the current one with a stolen access token', async () => {
    const person = await someone();
    const answers = [];
    for (let n = 0; n < 6; n++) answers.push((await change(person.accessToken, `wrong ${n}`, 'a newer horse')).status);
    expect(answers).toEqual([403, 403, 403, 403, 403, 429]);
  });
});

test('asking for a code creates no account', async () => {
  const email = `nobody-${++serial}@example.com`;
  await asking()('password-reset', { email });
  expect(await identity.store.read(ownerKey(email))).toBeUndefined();
});

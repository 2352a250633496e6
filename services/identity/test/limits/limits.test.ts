import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Answer } from '@sidecart/testing/app';
import { userByEmail } from '../../src/accounts/store.js';
import { PASSWORD, startIdentity, type Identity } from '../identity.js';

let identity: Identity;
let serial = 0;
beforeAll(
  async () =>
    void (identity = await startIdentity({
      REGISTRATIONS_PER_PLACE: '3',
      MAILS_PER_PLACE: '4',
      TEXTS_PER_PLACE: '2',
      TEXTS_PER_HOUR: '30',
    })),
);
afterAll(() => identity.close());

const aPlace = () => `198.51.${Math.floor(++serial / 250)}.${serial % 250}`;
const anAddress = () => `person-${++serial}@example.com`;
const post = (path: string, body: unknown, place: string, token?: string) =>
  identity.request('POST', path, body, {
    headers: { 'x-forwarded-for': place, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
  });
const register = (email: string, place: string) => post('/api/auth/register', { email, password: PASSWORD, name: 'Ann' }, place);
const reset = (email: string, place: string) => post('/api/auth/password-reset', { email }, place);

async function someone(): Promise<string> {
  const [email, place] = [anAddress(), aPlace()];
  await register(email, place);
  return (await identity.login(email, PASSWORD, { 'x-forwarded-for': place })).body.accessToken;
}

const refusal = ({ status, headers, body }: Answer) => [status, body?.type?.split('/').at(-1), Number(headers.get('retry-after')) > 0];
const TOO_MANY = [429, 'too-many-tries', true];

describe('registrations', () => {
  test('are limited by place, and other places are not affected', async () => {
    const place = aPlace();
    for (let n = 0; n < 3; n++) expect((await register(anAddress(), place)).status).toBe(202);
    const email = anAddress();
    expect(refusal(await register(email, place))).toEqual(TOO_MANY);
    expect(await userByEmail(identity.store, email)).toBeUndefined();
    expect((await register(email, aPlace())).status).toBe(202);
  });

  test('count the 64 bits of an IPv6 network as one place', async () => {
    for (let n = 0; n < 3; n++) expect((await register(anAddress(), `2001:db8:7:7::${n}`)).status).toBe(202);
    expect(refusal(await register(anAddress(), '2001:db8:7:7::ffff'))).toEqual(TOO_MANY);
  });

  test('are limited by email address, whether it has an account or not', async () => {
    const email = anAddress();
    const answers = [];
    for (let n = 0; n < 21; n++) answers.push(await register(email, aPlace()));
    expect(answers.slice(0, 20).map(({ status }) => status)).toEqual(answers.slice(0, 20).map(() => 202));
    expect(answers.slice(20).map(refusal)).toEqual([TOO_MANY]);
  });
});

describe('mails', () => {
  test('are limited by place for any number of recipients', async () => {
    const place = aPlace();
    for (let n = 0; n < 4; n++) expect((await reset(anAddress(), place)).status).toBe(202);
    for (const path of ['password-reset', 'email-verification'])
      expect(refusal(await post(`/api/auth/${path}`, { email: anAddress() }, place))).toEqual(TOO_MANY);
    expect(refusal(await register(anAddress(), place))).toEqual(TOO_MANY);
    expect((await reset(anAddress(), aPlace())).status).toBe(202);
  });

  test('to a new email address are limited by that address for any number of accounts', async () => {
    const email = anAddress();
    const people = [];
    for (let n = 0; n < 11; n++) people.push(await someone());
    const answers = [];
    for (const token of people) answers.push(await post('/api/users/me/email', { email, password: PASSWORD }, aPlace(), token));
    expect(answers.slice(0, 10).map(({ status }) => status)).toEqual(answers.slice(0, 10).map(() => 202));
    expect(answers.slice(10).map(refusal)).toEqual([TOO_MANY]);
    expect(identity.mails.filter(({ to }) => to === email)).toHaveLength(10);
  });
});

describe('text messages', () => {
  const text = async (phone: string, place = aPlace()) =>
    post('/api/users/me/phone', { phone, password: PASSWORD }, place, await someone());
  const aNumber = () => `+49151${String(++serial).padStart(4, '0')}${serial % 10}000`;

  test('are limited by place', async () => {
    const place = aPlace();
    for (let n = 0; n < 2; n++) expect((await text(aNumber(), place)).status).toBe(202);
    expect(refusal(await text(aNumber(), place))).toEqual(TOO_MANY);
  });

  test('are limited by number', async () => {
    const phone = aNumber();
    for (let n = 0; n < 5; n++) expect((await text(phone)).status).toBe(202);
    expect(refusal(await text(phone))).toEqual(TOO_MANY);
  });

  test('are limited by block of numbers, which one subscriber may own', async () => {
    for (let n = 0; n < 10; n++) expect((await text(`+88213000${1_000 + n}`)).status).toBe(202);
    expect(refusal(await text('+882130009999'))).toEqual(TOO_MANY);
  });

  test('are limited for the whole shop, since they cost money', async () => {
    const sent = identity.mails.filter(({ template }) => template === 'change-phone').length;
    for (let n = sent; n < 30; n++) expect((await text(aNumber())).status).toBe(202);
    expect(refusal(await text(aNumber()))).toEqual(TOO_MANY);
  });
});

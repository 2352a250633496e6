import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { deflateSync, crc32 } from 'node:zlib';
import sharp, { type FormatEnum } from 'sharp';
import type { Answer } from '@sidecart/testing/app';
import { startIdentity, type Identity } from '../identity.js';

let identity: Identity;
beforeAll(async () => void (identity = await startIdentity()));
afterAll(() => identity.close());

const picture = (format: keyof FormatEnum, width = 640, height = 400) =>
  sharp({ create: { width, height, channels: 3, background: 'red' } })
    .withExif({ IFD0: { Copyright: 'where it was taken' } })
    .toFormat(format)
    .toBuffer();

async function someone() {
  const { accessToken } = (await identity.register(`${randomUUID()}@example.com`)).body;
  return {
    send: async (file: Buffer, field = 'picture'): Promise<Answer> => {
      const body = new FormData();
      body.append(field, new File([new Uint8Array(file)], 'me.png', { type: 'image/png' }));
      const headers = { authorization: `Bearer ${accessToken}` };
      const answer = await fetch(`${identity.url}/api/users/me/picture`, { method: 'PUT', headers, body });
      return { status: answer.status, headers: answer.headers, body: JSON.parse(await answer.text()) };
    },
    ask: (method: string, path: string) => identity.withToken(accessToken, method, path),
  };
}

/** A PNG with 16 bits per channel, which takes twice the memory. */
const deep = (side: number) =>
  sharp(new Uint16Array(side * side * 4), { raw: { width: side, height: side, channels: 4 } })
    .toColourspace('rgb16')
    .png()
    .toBuffer();

/** A PNG that claims to be this large and has hardly any data. */
function bomb(side: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([1, 0, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const rows = deflateSync(Buffer.alloc((side / 8 + 1) * side));
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))]);
}

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>';

describe('a picture', () => {
  test.each(['png', 'jpeg', 'webp'] as const)('is accepted as %s, cropped to a square, and served to anyone', async (format) => {
    const { send, ask } = await someone();
    const { status, body } = await send(await picture(format));
    expect([status, body.picture]).toEqual([200, expect.stringMatching(/^\/api\/users\/pictures\/[\da-f-]{36}\.webp$/)]);
    expect((await ask('GET', '/api/users/me')).body.picture).toBe(body.picture);
    const shown = await fetch(identity.url + body.picture);
    expect(shown.status).toBe(200);
    expect(Object.fromEntries(shown.headers)).toMatchObject({
      'content-type': 'image/webp',
      'cache-control': 'public, max-age=86400, immutable',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'cross-origin',
    });
    const { format: kind, width, height, exif } = await sharp(Buffer.from(await shown.arrayBuffer())).metadata();
    expect([kind, width, height, exif]).toEqual(['webp', 512, 512, undefined]);
  });

  test('replaces the previous one, whose file is removed', async () => {
    const { send, ask } = await someone();
    const { body: first } = await send(await picture('png'));
    const { body: second } = await send(await picture('jpeg'));
    expect(second.picture).not.toBe(first.picture);
    expect((await fetch(identity.url + first.picture)).status).toBe(404);
    expect((await ask('DELETE', '/api/users/me/picture')).body.picture).toBeNull();
    expect((await fetch(identity.url + second.picture)).status).toBe(404);
    expect((await ask('DELETE', '/api/users/me/picture')).status).toBe(200);
  });

  test('can be changed only with an access token', async () => {
    expect((await identity.request('PUT', '/api/users/me/picture')).status).toBe(401);
    expect((await identity.request('DELETE', '/api/users/me/picture')).status).toBe(401);
  });

  test.each(['..%2fstate.db', '%2e%2e%2f%2e%2e%2fidentity.db', 'a.webp', `${randomUUID()}.svg`])('is not served as %s', async (name) => {
    expect((await fetch(`${identity.url}/api/users/pictures/${name}`)).status).toBe(400);
  });
});

describe('decoding', () => {
  /** The largest picture that is accepted, which takes a while to decode. */
  let large: Buffer;
  beforeAll(async () => void (large = await picture('jpeg', 4_000, 4_000)));

  test('accepts 16 megapixels', async () => {
    const { send } = await someone();
    expect((await send(large)).status).toBe(200);
  });

  test('accepts 4 megapixels with 16 bits per channel', async () => {
    const { send } = await someone();
    expect((await send(await deep(2_000))).status).toBe(200);
  });

  test('is limited to two pictures at a time across all users', async () => {
    const people = await Promise.all(Array.from({ length: 6 }, someone));
    let most = 0;
    const count = () => {
      const { queue, process } = sharp.counters();
      most = Math.max(most, queue + process);
    };
    sharp.queue.on('change', count);
    const answers = await Promise.all(people.map(({ send }) => send(large)));
    sharp.queue.off('change', count);
    expect(answers.map(({ status }) => status)).toEqual(people.map(() => 200));
    expect(most).toBe(2);
  });

  test('refuses with 503 and Retry-After while too many wait', async () => {
    const people = await Promise.all(Array.from({ length: 14 }, someone));
    const answers = await Promise.all(people.map(({ send }) => send(large)));
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    for (const { status, headers, body } of refused)
      expect([status, headers.get('retry-after'), body.type]).toEqual([503, '1', 'https://sidecart.dev/problems/too-many-uploads']);
    const [first] = people;
    expect((await first?.send(large))?.status).toBe(200);
  });

  test('refuses a second picture by the same user with 429 while the first is in progress', async () => {
    const { send } = await someone();
    const answers = await Promise.all([send(large), send(large), send(large)]);
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused).toHaveLength(2);
    for (const { status, headers, body } of refused)
      expect([status, headers.get('retry-after'), body.type]).toEqual([429, '1', 'https://sidecart.dev/problems/upload-under-way']);
    expect((await send(large)).status).toBe(200);
  });

  test('frees the slots of pictures that are refused', async () => {
    const { send } = await someone();
    for (let n = 0; n < 20; n++) expect((await send(Buffer.from('hello'))).status).toBe(400);
    expect((await send(large)).status).toBe(200);
  });
});

describe('refuses, whatever type it claims to be:', () => {
  const refused: [string, () => Promise<Buffer> | Buffer][] = [
    ['a text', () => Buffer.from('hello')],
    ['nothing', () => Buffer.alloc(0)],
    ['an SVG with a script', () => Buffer.from(SVG)],
    ['an SVG behind the first bytes of a PNG', () => Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47]), Buffer.from(SVG)])],
    ['a GIF', () => picture('gif')],
    ['a TIFF', () => picture('tiff')],
    [
      'an AVIF',
      async () =>
        sharp(await picture('png', 64, 64))
          .avif()
          .toBuffer(),
    ],
    ['half a JPEG', async () => (await picture('jpeg', 2_000, 2_000)).subarray(0, 5_000)],
    ['a bomb of 400 megapixels in 50 kB', () => bomb(20_000)],
    ['a picture of more than 16 megapixels', () => bomb(4_008)],
    ['a picture of 9 megapixels with 16 bits per channel', () => deep(3_000)],
  ];

  test.each(refused)('%s', async (_, file) => {
    const { send, ask } = await someone();
    const content = await file();
    expect(content.length).toBeLessThan(100_000);
    const { status, body } = await send(content);
    expect([status, body.type, body.errors[0].field]).toEqual([400, 'https://sidecart.dev/problems/not-a-picture', 'picture']);
    expect((await ask('GET', '/api/users/me')).body.picture).toBeNull();
  });

  test('a form with another field, a second file or no file', async () => {
    const { send, ask } = await someone();
    expect((await send(await picture('png'), 'avatar')).status).toBe(400);
    const none = await ask('PUT', '/api/users/me/picture');
    expect([none.status, none.body.errors[0].field]).toEqual([400, 'picture']);
  });

  test('more than 5 MB', async () => {
    const { send } = await someone();
    const { status, body } = await send(Buffer.alloc(5 * 1024 * 1024 + 1));
    expect([status, body.type]).toEqual([413, 'https://sidecart.dev/problems/body-too-large']);
  });

  test('a truncated form', async () => {
    const { accessToken } = (await identity.register(`${randomUUID()}@example.com`)).body;
    const answer = await fetch(`${identity.url}/api/users/me/picture`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'multipart/form-data; boundary=x' },
      body: '--x\r\ncontent-disposition: form-data; name="picture"; filename="a.png"\r\n\r\nabc',
    });
    expect(answer.status).toBe(400);
  });
});

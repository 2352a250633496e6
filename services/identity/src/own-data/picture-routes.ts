import { randomBytes } from 'node:crypto';
import { found } from '@sidecart/chassis/errors';
import type { Files } from '@sidecart/chassis/files';
import type { Logger } from '@sidecart/chassis/logger';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { put } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { z } from 'zod';
import { PICTURES, Profile } from '../accounts/schemas.js';
import { userKey } from '../accounts/store.js';
import { updated, withPicture } from '../accounts/user.js';
import { profile } from '../accounts/view.js';
import { signedInAccount, signedInKeys, signedInProblems, type Bearer } from '../sessions/caller.js';
import { pictureFile } from './picture-files.js';
import { portrait } from './picture.js';
import { createUpload, MAX_BYTES } from './upload.js';

const MAX_AGE_SECONDS = 24 * 60 * 60;
/** Names have 144 random bits, so a picture is found only by people who were given its address. */
const ByName = z.strictObject({
  name: z
    .string()
    .regex(/^[\da-f-]{36}\.webp$/)
    .meta({ examples: ['79c717da-2a39-48b5-8f40-1eb9ddd1828a.webp'] }),
});

export interface PictureOptions {
  store: Store;
  files: Files;
  logger: Logger;
}

export function pictureRoutes({ store, files, logger }: PictureOptions): Routes {
  const users = routes('users');
  const upload = createUpload({ field: 'picture', decode: portrait });

  /** Returns the profile with the new picture, and removes the previous file. */
  async function setPicture(caller: Bearer, picture: string | null): Promise<Profile> {
    const { before, user } = await store.transact(signedInKeys(caller), (docs) => {
      const before = signedInAccount(docs, caller);
      const user = withPicture(before, picture);
      return { write: [put(userKey(user.id), user)], events: [updated(user)], result: { before, user } };
    });
    if (before.picture !== null) await removeFile(before.picture);
    return profile(user);
  }

  /** Failures are only logged: a file that nothing refers to does no harm. */
  const removeFile = (name: string) =>
    files.remove(pictureFile(name)).catch((error: unknown) => logger.warn({ err: error, name }, 'picture file not removed'));

  users.put(
    '/api/users/me/picture',
    {
      summary: `Sets your picture from a PNG, JPEG or WebP of up to ${MAX_BYTES / 1024 / 1024} MB, cropped to a square. Replaces the previous one.`,
      access: 'customer',
      rows: [11],
      upload: 'picture',
      reply: Profile,
      problems: {
        ...signedInProblems,
        413: 'The file is too large.',
        429: 'Your last upload is still in progress. See Retry-After.',
        503: 'Too many pictures are being uploaded. See Retry-After.',
      },
    },
    async ({ user, req, res }) => {
      const picture = await upload(user.id, req, res);
      const name = `${randomBytes(18).toString('hex')}.webp`;
      await files.put(pictureFile(name), picture);
      return setPicture(user, name).catch(async (error: unknown) => {
        await removeFile(name);
        throw error;
      });
    },
  );

  users.delete(
    '/api/users/me/picture',
    { summary: 'Removes your picture.', access: 'customer', rows: [11], reply: Profile, problems: signedInProblems },
    ({ user }) => setPicture(user, null),
  );

  users.get(
    `${PICTURES}/:name`,
    {
      summary: 'Returns a picture to anyone who has its address. An address never gets another picture, so it can be cached for a day.',
      access: 'public',
      rows: [11],
      params: ByName,
      media: 'image/webp',
      problems: { 404: 'There is no such picture.' },
    },
    async ({ params: { name }, res }) => {
      const content = found(await files.get(pictureFile(name)), 'The picture');
      res.setHeader('cache-control', `public, max-age=${MAX_AGE_SECONDS}, immutable`);
      res.setHeader('cross-origin-resource-policy', 'cross-origin'); // pages of the shop may have another origin
      res.type('image/webp').send(content);
    },
  );

  return users;
}

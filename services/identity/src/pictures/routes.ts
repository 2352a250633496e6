import { randomBytes } from 'node:crypto';
import { found } from '@sidecart/chassis/errors';
import type { Files } from '@sidecart/chassis/files';
import type { Logger } from '@sidecart/chassis/logger';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { put } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { z } from 'zod';
import { PICTURES, Profile, profile, updated, withPicture } from '../accounts/user.js';
import { signedInAccount, signedInKeys, signedInProblems, type Bearer } from '../sessions/account.js';
import { userKey } from '../store.js';
import { pictureFile } from './drop.js';
import { portrait } from './image.js';
import { createUpload, MAX_BYTES } from './upload.js';

const MAX_AGE_SECONDS = 24 * 60 * 60;
/** Random, 144 bits: only someone who was given a picture's address finds it. */
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

  /** Answers the account with the new picture; the one before is gone. */
  async function show(caller: Bearer, picture: string | null): Promise<Profile> {
    const { before, user } = await store.transact(signedInKeys(caller), (docs) => {
      const before = signedInAccount(docs, caller);
      const user = withPicture(before, picture);
      return { write: [put(userKey(user.id), user)], events: [updated(user)], result: { before, user } };
    });
    if (before.picture !== null) await forget(before.picture);
    return profile(user);
  }

  /** A file that nothing refers to any more harms nobody if it stays: then a line in the log tells of it. */
  const forget = (name: string) =>
    files.remove(pictureFile(name)).catch((error: unknown) => logger.warn({ err: error, name }, 'a picture was left behind'));

  users.put(
    '/api/users/me/picture',
    {
      summary: `Shows a PNG, JPEG or WebP of up to ${MAX_BYTES / 1024 / 1024} MB as your picture, cut to a square. The one before is removed.`,
      access: 'customer',
      rows: [11],
      upload: 'picture',
      reply: Profile,
      problems: {
        ...signedInProblems,
        413: 'The file is too large.',
        429: 'Your last upload is still under way: see Retry-After.',
        503: 'Too many pictures are being uploaded: see Retry-After.',
      },
    },
    async ({ user, req, res }) => {
      const picture = await upload(user.id, req, res);
      const name = `${randomBytes(18).toString('hex')}.webp`;
      await files.put(pictureFile(name), picture);
      return show(user, name).catch(async (error: unknown) => {
        await forget(name);
        throw error;
      });
    },
  );

  users.delete(
    '/api/users/me/picture',
    { summary: 'Removes your picture.', access: 'customer', rows: [11], reply: Profile, problems: signedInProblems },
    ({ user }) => show(user, null),
  );

  users.get(
    `${PICTURES}/:name`,
    {
      summary: 'A picture, for whoever was given its address. Each picture has its own, so it may be kept for a day.',
      access: 'public',
      rows: [11],
      params: ByName,
      media: 'image/webp',
      problems: { 404: 'There is no such picture any more.' },
    },
    async ({ params: { name }, res }) => {
      const content = found(await files.get(pictureFile(name)), 'The picture');
      res.setHeader('cache-control', `public, max-age=${MAX_AGE_SECONDS}, immutable`);
      res.setHeader('cross-origin-resource-policy', 'cross-origin'); // the shop's pages may come from elsewhere
      res.type('image/webp').send(content);
    },
  );

  return users;
}

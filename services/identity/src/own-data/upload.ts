import { DomainError } from '@sidecart/chassis/errors';
import type { Request, Response } from 'express';
import multer, { memoryStorage, MulterError } from 'multer';
import { createTurns } from '../turns.js';

export const MAX_BYTES = 5 * 1024 * 1024;
/** Uploads in progress on this replica, one per person. */
const MAX_UPLOADS = 8;
/** Each takes up to 110 MB of memory. */
const MAX_DECODING = 2;

export interface UploadOptions {
  /** The field of the form with the file. */
  field: string;
  decode: (file: Buffer) => Promise<Buffer>;
}

export type Upload = (userId: string, req: Request, res: Response) => Promise<Buffer>;

/**
 * Reads the file of a multipart form and decodes it. An upload holds its slot until the picture is
 * decoded. Throws `invalid`, `too-large`, `limited` while the person's last upload is in progress,
 * or `unavailable` if all slots are taken.
 */
export function createUpload({ field, decode }: UploadOptions): Upload {
  const receive = multer({
    storage: memoryStorage(),
    limits: { fileSize: MAX_BYTES, files: 1, fields: 0, parts: 1, headerPairs: 20 },
  }).single(field);
  const uploading = new Set<string>();
  const decoding = createTurns(MAX_DECODING).lane(MAX_UPLOADS, tooMany);

  async function read(req: Request, res: Response): Promise<Buffer> {
    await new Promise<void>((resolve, reject) => {
      receive(req, res, (error: unknown) => (error === undefined ? resolve() : reject(refusal(error, field))));
    });
    if (!req.file) throw malformed(field, 'must be the one file of a multipart form');
    return req.file.buffer;
  }

  return async (userId, req, res) => {
    if (uploading.has(userId)) throw underWay();
    if (uploading.size >= MAX_UPLOADS) throw tooMany();
    uploading.add(userId);
    try {
      const file = await read(req, res);
      return await decoding(() => decode(file));
    } finally {
      uploading.delete(userId);
    }
  };
}

function refusal(error: unknown, field: string): DomainError {
  if (error instanceof MulterError && error.code === 'LIMIT_FILE_SIZE')
    return new DomainError('too-large', 'body-too-large', `The file is larger than ${MAX_BYTES / 1024 / 1024} MB.`);
  return malformed(field, error instanceof Error ? error.message : 'malformed');
}

const malformed = (field: string, message: string) =>
  new DomainError('invalid', 'validation-failed', 'The body is not the form that is asked for.', { errors: [{ field, message }] });

const underWay = () =>
  new DomainError('limited', 'upload-under-way', 'Your last picture is still being uploaded. Try again when it is done.', {
    retryAfter: 1,
  });

const tooMany = () =>
  new DomainError('unavailable', 'too-many-uploads', 'Too many pictures are being uploaded. Try again in a moment.', { retryAfter: 1 });

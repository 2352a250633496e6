import { DomainError } from '@sidecart/chassis/errors';
import type { Request, Response } from 'express';
import multer, { memoryStorage, MulterError } from 'multer';

export const MAX_BYTES = 5 * 1024 * 1024;
const AT_ONCE = 8;

/** Reads the one file of a multipart form, whose field is `field`. Throws `invalid`, `too-large`, or `unavailable` where too many upload. */
export function createUpload(field: string): (req: Request, res: Response) => Promise<Buffer> {
  const receive = multer({
    storage: memoryStorage(),
    limits: { fileSize: MAX_BYTES, files: 1, fields: 0, parts: 1, headerPairs: 20 },
  }).single(field);
  let underWay = 0;

  return async (req, res) => {
    if (underWay >= AT_ONCE) throw new DomainError('unavailable', 'too-many-uploads', 'Too many are uploading.', { retryAfter: 1 });
    underWay++;
    try {
      await new Promise<void>((resolve, reject) => {
        receive(req, res, (error: unknown) => (error === undefined ? resolve() : reject(refusal(error, field))));
      });
    } finally {
      underWay--;
    }
    if (!req.file) throw malformed(field, 'must be the one file of a multipart form');
    return req.file.buffer;
  };
}

function refusal(error: unknown, field: string): DomainError {
  if (error instanceof MulterError && error.code === 'LIMIT_FILE_SIZE')
    return new DomainError('too-large', 'body-too-large', `The file is larger than ${MAX_BYTES / 1024 / 1024} MB.`);
  return malformed(field, error instanceof Error ? error.message : 'malformed');
}

const malformed = (field: string, message: string) =>
  new DomainError('invalid', 'validation-failed', 'The body is not the form that is asked for.', { errors: [{ field, message }] });

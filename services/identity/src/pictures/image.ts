import { DomainError } from '@sidecart/chassis/errors';
import sharp from 'sharp';

const SIDE = 512;
/** A small file may hold a picture that fills the memory once it is unpacked. */
const MAX_PIXELS = 25_000_000;
const MAX_SECONDS = 10;

// What is not one of these is not even looked at: no SVG, no PDF, no film.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: ['VipsForeignLoadPngBuffer', 'VipsForeignLoadJpegBuffer', 'VipsForeignLoadWebpBuffer'] });

/** A square WebP of the picture's middle, without whatever else the file tells: place, camera, thumbnails. Throws `invalid`. */
export async function portrait(file: Buffer): Promise<Buffer> {
  try {
    return await sharp(file, { limitInputPixels: MAX_PIXELS, failOn: 'error' })
      .autoOrient()
      .resize(SIDE, SIDE, { fit: 'cover' })
      .webp()
      .timeout({ seconds: MAX_SECONDS })
      .toBuffer();
  } catch {
    const message = `must be a whole PNG, JPEG or WebP of at most ${MAX_PIXELS / 1_000_000} megapixels`;
    throw new DomainError('invalid', 'not-a-picture', 'The file is not a picture that can be used.', {
      errors: [{ field: 'picture', message }],
    });
  }
}

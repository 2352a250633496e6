import { DomainError } from '@sidecart/chassis/errors';
import sharp from 'sharp';

const SIDE = 512;
/** A small file may hold a picture that fills the memory once it is decoded. */
const MAX_PIXELS = 16_000_000;
/** Of 16 megapixels with 4 channels of 8 bits. PNGs may have 16. */
const MAX_DECODED_BYTES = MAX_PIXELS * 4;
const MAX_SECONDS = 10;

// What is not one of these is not even looked at: no SVG, no PDF, no film.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: ['VipsForeignLoadPngBuffer', 'VipsForeignLoadJpegBuffer', 'VipsForeignLoadWebpBuffer'] });

/** A square WebP of the picture's middle, without whatever else the file tells: place, camera, thumbnails. Throws `invalid`. */
export async function portrait(file: Buffer): Promise<Buffer> {
  try {
    const image = sharp(file, { limitInputPixels: MAX_PIXELS, failOn: 'error' });
    const { width, height, channels, depth } = await image.metadata();
    if (width * height * channels * (depth === 'uchar' ? 1 : 2) > MAX_DECODED_BYTES) throw new Error('too large when decoded');
    return await image.autoOrient().resize(SIDE, SIDE, { fit: 'cover' }).webp().timeout({ seconds: MAX_SECONDS }).toBuffer();
  } catch {
    const megapixels = MAX_PIXELS / 1_000_000;
    const message = `must be a whole PNG, JPEG or WebP of at most ${megapixels} megapixels (${megapixels / 2} with 16 bits per channel)`;
    throw new DomainError('invalid', 'not-a-picture', 'The file is not a picture that can be used.', {
      errors: [{ field: 'picture', message }],
    });
  }
}

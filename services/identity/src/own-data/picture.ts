import { DomainError } from '@sidecart/chassis/errors';
import sharp from 'sharp';

const SIDE = 512;
/** A small file may fill the memory once it is decoded. */
const MAX_PIXELS = 16_000_000;
/** 16 megapixels with 4 channels of 8 bits. PNGs may have 16 bits per channel. */
const MAX_DECODED_BYTES = MAX_PIXELS * 4;
const MAX_SECONDS = 10;

// All other decoders are blocked: SVG, PDF and videos are never parsed.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: ['VipsForeignLoadPngBuffer', 'VipsForeignLoadJpegBuffer', 'VipsForeignLoadWebpBuffer'] });

/**
 * Returns the center of the picture as a square WebP without metadata such as place, camera or
 * thumbnails. Throws `invalid`.
 */
export async function portrait(file: Buffer): Promise<Buffer> {
  try {
    const image = sharp(file, { limitInputPixels: MAX_PIXELS, failOn: 'error' });
    const { width, height, channels, depth } = await image.metadata();
    if (width * height * channels * (depth === 'uchar' ? 1 : 2) > MAX_DECODED_BYTES) throw new Error('too large when decoded');
    return await image.autoOrient().resize(SIDE, SIDE, { fit: 'cover' }).webp().timeout({ seconds: MAX_SECONDS }).toBuffer();
  } catch {
    const megapixels = MAX_PIXELS / 1_000_000;
    const message = `must be a complete PNG, JPEG or WebP of at most ${megapixels} megapixels (${megapixels / 2} with 16 bits per channel)`;
    throw new DomainError('invalid', 'not-a-picture', 'This file cannot be used as a picture.', {
      errors: [{ field: 'picture', message }],
    });
  }
}

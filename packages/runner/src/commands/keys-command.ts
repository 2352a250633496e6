/** `npm run keys`: a new signing key for identity, in `.sidecart/`; with `-` from the key set on stdin to stdout, for a cluster's Secret. */
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { rotated, rotateIn } from '../shop/keys.js';
import { root } from '../tools/root.js';

try {
  if (process.argv[2] === '-') process.stdout.write(rotated(await text(process.stdin), new Date()));
  else {
    await rotateIn(join(root, '.sidecart'), new Date());
    console.log(
      'Identity has a new signing key. It is published at the next start, and signs a minute later; tokens of the old one stay good.',
    );
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

/**
 * `npm run keys`: adds a signing key for identity to `.sidecart/`. With `-`, reads a key set from
 * stdin and writes the new one to stdout, for a Secret in a cluster.
 */
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { rotated, rotateIn } from '../shop/keys.js';
import { root } from '../tools/root.js';

try {
  if (process.argv[2] === '-') process.stdout.write(rotated(await text(process.stdin), new Date()));
  else {
    await rotateIn(join(root, '.sidecart'), new Date());
    console.log(
      'Identity has a new signing key. It is published at the next start and signs a minute later. Tokens of the old key stay valid.',
    );
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

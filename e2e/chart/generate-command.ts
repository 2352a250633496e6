/** `npm run generate`: updates the files that follow from `charts/sidecart/services.yaml`. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '@sidecart/runner/root';
import { readServices } from '@sidecart/runner/services';
import { generated } from './generated.js';

for (const [path, text] of Object.entries(await generated(await readServices()))) await writeFile(join(root, path), text);

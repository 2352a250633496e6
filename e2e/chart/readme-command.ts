/** `npm run chart-readme`: updates the table in the chart's README. */
import { writeFile } from 'node:fs/promises';
import { currentReadme, README } from './readme.js';

await writeFile(README, await currentReadme());

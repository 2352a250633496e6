/** `npm run chart-readme`: brings the table in the chart's README up to date. */
import { writeFile } from 'node:fs/promises';
import { currentReadme, README } from './chart-readme.js';

await writeFile(README, await currentReadme());

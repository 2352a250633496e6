import { fileURLToPath } from 'node:url';

/** The repository's folder, seen from `packages/runner/dist/src/`. */
export const root = fileURLToPath(new URL('../../../../../', import.meta.url));

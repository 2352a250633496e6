import { fileURLToPath } from 'node:url';

const own = (file) => fileURLToPath(new URL(`packages/testing/dist/src/${file}.js`, import.meta.url));

// Tests run as they were compiled: `tsc -b` first.
export default {
  testMatch: ['**/dist/**/*.test.js'],
  testEnvironment: own('jest-environment'),
  reporters: [own('jest-reporter'), 'default'],
  transform: {},
  maxWorkers: 2,
  testTimeout: 60_000,
};

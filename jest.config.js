// Tests run as they were compiled: `tsc -b` first.
export default {
  testMatch: ['**/dist/**/*.test.js'],
  transform: {},
  maxWorkers: 2,
  testTimeout: 60_000,
};

/** What the running test expects to be printed. `jest-environment.ts` clears the list. */
declare global {
  var expectedWarnings: RegExp[] | undefined;
}

/**
 * Lets the running test print a warning or error that matches. Anything else on `console.warn` or
 * `console.error`, and any other process warning, fails the test. So does an expected one that is
 * never printed.
 */
export function expectWarning(pattern: RegExp): void {
  (globalThis.expectedWarnings ??= []).push(pattern);
}

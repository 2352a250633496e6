/** The warnings and errors that the running test expects to be printed. `jest-environment.ts` reads and clears the list. */
declare global {
  var expectedWarnings: RegExp[] | undefined;
}

/**
 * Lets the running test print a warning or error that matches. Anything else on `console.warn`, `console.error` or as a process warning
 * fails the test, and so does an expected one that is never printed.
 */
export function expectWarning(pattern: RegExp): void {
  (globalThis.expectedWarnings ??= []).push(pattern);
}

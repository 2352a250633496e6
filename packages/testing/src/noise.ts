/** What the running test announced. `jest-environment.ts` clears the list. */
declare global {
  var expectedWarnings: RegExp[] | undefined;
}

/**
 * Lets the running test print a warning or error that matches. Anything else on `console.warn`,
 * `console.error` or as a process warning fails the test, and so does an announced one that never
 * comes.
 */
export function expectWarning(pattern: RegExp): void {
  (globalThis.expectedWarnings ??= []).push(pattern);
}

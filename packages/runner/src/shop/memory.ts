/**
 * What keeps the processes of a shop on one machine small: `docs/performance.md` has the figures.
 */

/** Flags of Node for the services and the supervisor, as in the Dockerfile. */
export const NODE_FLAGS = [
  // The young generation stays at 6 MB. By default it grows to 48 MB or more and rarely shrinks.
  '--max-semi-space-size=2',
  // The HTTP parser of undici is WebAssembly. To optimize it takes more memory than it is worth.
  '--liftoff-only',
];

/** In a container, half of its limit. The smaller it is, the less the heap grows uncollected. */
export const HEAP_LIMIT = '--max-old-space-size=256';

/** Environment of services, sidecars and broker. */
export const MEMORY_ENV = {
  NODE_OPTIONS: HEAP_LIMIT,
  // Without these, glibc keeps the memory that each thread has freed.
  MALLOC_ARENA_MAX: '2',
  MALLOC_TRIM_THRESHOLD_: '131072',
  // Go collects more often, and still more often when it comes close to the limit.
  GOGC: '50',
  GOMEMLIMIT: '128MiB',
};

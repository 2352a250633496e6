/** Fails a run in which a suite prints after its end, which its environment can no longer do. */
import type { Reporter } from '@jest/reporters';

// Not "failed to exit gracefully": Jest gives a worker half a second, which a busy machine may
// need.
const LATE = /^.*(Printed after the end of|after the Jest environment has been torn down).*$/m;

export default class LateOutputReporter implements Pick<Reporter, 'getLastError'> {
  #late: string | undefined;

  /**
   * Jest pipes the output of its workers into this process's stderr. Its default reporter, which
   * is created later, writes through this function and restores it at the end.
   */
  constructor() {
    const { stderr } = process;
    const write = stderr.write.bind(stderr);
    stderr.write = (chunk: string | Uint8Array, ...rest: []) => {
      this.#late ??= LATE.exec(Buffer.from(chunk).toString())?.[0];
      // The run may be over, so nothing reads the last error.
      if (this.#late !== undefined) process.exitCode = 1;
      return write(chunk, ...rest);
    };
  }

  getLastError(): Error | undefined {
    return this.#late === undefined ? undefined : new Error(this.#late);
  }
}

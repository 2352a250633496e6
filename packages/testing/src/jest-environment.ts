/** Jest's Node environment, in which an unexpected warning or error fails the test. */
import { format } from 'node:util';
import type { EnvironmentContext, JestEnvironmentConfig } from '@jest/environment';
import type { Circus } from '@jest/types';
import { TestEnvironment } from 'jest-environment-node';
import { endChildrenWithThisProcess } from './stop.js';

/** Jest needs an experimental feature of Node to run ES modules. */
const IGNORED = new Set(['ExperimentalWarning']);

const STREAMS = [process.stdout, process.stderr];

export default class QuietEnvironment extends TestEnvironment {
  readonly #suite: string;
  readonly #keptListeners = STREAMS.map((stream) => stream.listeners('error'));
  /** What was printed since the last test ended. */
  #printed: Error[] = [];
  #ended = false;

  constructor(config: JestEnvironmentConfig, context: EnvironmentContext) {
    super(config, context);
    this.#suite = context.testPath;
  }

  override async setup(): Promise<void> {
    await super.setup();
    endChildrenWithThisProcess();
    process.on('warning', this.#onWarning);
    for (const level of ['warn', 'error'] as const) {
      const print = (...args: unknown[]) => this.#record(format(...args), print);
      this.global.console[level] = print;
    }
  }

  override async teardown(): Promise<void> {
    this.#ended = true;
    process.off('warning', this.#onWarning);
    // A suite loads its own copy of each module but shares these streams with other suites, so
    // a module that listens to them would add one listener per suite.
    STREAMS.forEach((stream, index) => {
      const isAdded = (listener: unknown): listener is () => void => !this.#keptListeners[index]?.some((kept) => kept === listener);
      for (const listener of stream.listeners('error').filter(isAdded)) stream.off('error', listener);
    });
    await super.teardown();
  }

  async handleTestEvent(event: Circus.Event, state: Circus.State): Promise<void> {
    if (event.name === 'test_start') this.global.expectedWarnings = [];
    if (event.name === 'test_done') event.test.errors.push(...this.#unexpected());
    if (event.name === 'run_finish') state.unhandledErrors.push(...this.#unexpected());
  }

  readonly #onWarning = (warning: Error) => {
    if (!IGNORED.has(warning.name)) this.#printed.push(new Error(`Unexpected ${warning.stack ?? warning.message}`));
  };

  #record(text: string, caller: () => void): void {
    // The reporter fails the run by this line.
    if (this.#ended) return void process.stderr.write(`Printed after the end of ${this.#suite}: ${text}\n`);
    const error = new Error(`Unexpected output: ${text}`);
    Error.captureStackTrace(error, caller);
    this.#printed.push(error);
  }

  /**
   * Returns an error for each output that no test expects, and for each expected one that is
   * missing.
   */
  #unexpected(): Error[] {
    const printed = this.#printed.splice(0);
    const expected: RegExp[] = this.global.expectedWarnings ?? [];
    this.global.expectedWarnings = [];
    const missing = expected.filter((pattern) => !printed.some(({ message }) => pattern.test(message)));
    return [
      ...printed.filter(({ message }) => !expected.some((pattern) => pattern.test(message))),
      ...missing.map((pattern) => new Error(`Expected a warning that matches ${pattern}, and none was printed`)),
    ];
  }
}

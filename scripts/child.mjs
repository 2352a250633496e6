import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a program and returns its exit code. A signal that is meant to end this process ends the
 * program first.
 */
export async function runChild(program, args, options) {
  const child = spawn(program, args, { ...options, shell: process.platform === 'win32' });
  let received;
  const forward = (signal) => {
    received = signal;
    child.kill(signal);
  };
  for (const signal of SIGNALS) process.on(signal, forward);
  const code = await new Promise((resolve) => {
    child.once('error', () => resolve(1));
    child.once('exit', (code, signal) => resolve(code ?? exitCodeOf(signal)));
  });
  for (const signal of SIGNALS) process.off(signal, forward);
  if (received) process.exit(exitCodeOf(received));
  return code;
}

/**
 * Makes a signal an exit of this process, which runs its exit handlers, unless the command that
 * runs takes signals itself.
 */
export function exitOnSignals() {
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(exitCodeOf(signal));
    });
  }
}

/** As shells have it. */
function exitCodeOf(signal) {
  return 128 + constants.signals[signal];
}

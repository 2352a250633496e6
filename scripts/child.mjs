import { spawn } from 'node:child_process';
import { constants } from 'node:os';

export const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a program and passes on the signals that this process gets. Returns the program's exit code
 * and the last signal.
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
  return { code, received };
}

/** Returns the exit code of a process that a signal ended, as shells have it. */
export function exitCodeOf(signal) {
  return 128 + constants.signals[signal];
}

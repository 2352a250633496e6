/** A process that is restarted when it ends by itself. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { signal } from './processes.js';

export interface Command {
  /** For messages, like `The sidecar of orders`. */
  name: string;
  program: string;
  args: string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** Gets the output of the process. */
  logFile: string;
}

export type Supervised = ReturnType<typeof supervise>;

const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 10_000;
/** A process that has run this long has started well. */
const STABLE_MS = 30_000;
/**
 * A service drains for ten seconds, and may take as long again to publish what it has committed.
 */
const KILL_AFTER_MS = 25_000;

/**
 * Starts the process. After `keepUp` it is restarted whenever it ends, the first time at once and
 * then after a growing wait.
 */
export function supervise(command: Command, say: (line: string) => void) {
  const { name, logFile } = command;
  let child: ChildProcess | undefined;
  let exited: Promise<unknown> = Promise.resolve();
  let startedAt = 0;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let isKeptUp = false;
  const killNow = () => {
    if (child?.pid) signal(-child.pid, 'SIGKILL');
  };

  function start(): void {
    if (child) return;
    clearTimeout(timer);
    startedAt = performance.now();
    child = launch(command);
    exited = untilEnd(child).then(ended);
  }

  function ended(how: string): void {
    child = undefined;
    if (!isKeptUp) return;
    failures = performance.now() - startedAt > STABLE_MS ? 0 : failures + 1;
    const wait = failures === 0 ? 0 : Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** failures);
    say(`${name} ended (${how}) and is restarted; see ${logFile}`);
    timer = setTimeout(start, wait);
  }

  async function end(how: NodeJS.Signals): Promise<void> {
    isKeptUp = false;
    clearTimeout(timer);
    if (!child?.pid) return;
    signal(child.pid, how);
    const force = setTimeout(killNow, KILL_AFTER_MS);
    await exited;
    clearTimeout(force);
  }

  start();
  return {
    name,
    logFile,
    pid: () => child?.pid,
    /** Starts the process unless it is running. */
    start,
    /** Starts the process unless it is running, and from now on restarts it when it ends. */
    keepUp(): void {
      isKeptUp = true;
      start();
    },
    /** Kills the process, as in a crash. It stays down until `keepUp`. */
    kill: () => end('SIGKILL'),
    /** Sends SIGTERM, and SIGKILL after 25 seconds. */
    stop: () => end('SIGTERM'),
    killNow,
  };
}

/**
 * Starts a process in a new process group. Ctrl-C then only reaches the supervisor, which stops
 * everything in order.
 */
function launch({ program, args, cwd, env, logFile }: Command): ChildProcess {
  const output = openSync(logFile, 'a');
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', output, output], detached: true });
  closeSync(output);
  return child;
}

/** Returns how a process ended: its signal or exit code, or why it could not start. */
async function untilEnd(child: ChildProcess): Promise<string> {
  try {
    await once(child, 'exit');
    return child.signalCode ?? `code ${child.exitCode}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Kills these processes when this program exits without stopping them. Returns how to undo that.
 */
export function killOnExit(all: readonly Pick<Supervised, 'killNow'>[]): () => void {
  const killAll = () => all.forEach(({ killNow }) => killNow());
  process.on('exit', killAll);
  return () => void process.removeListener('exit', killAll);
}

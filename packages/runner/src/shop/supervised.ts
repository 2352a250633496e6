/** A process that is started again when it ends by itself. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { signal } from './processes.js';

export interface Command {
  /** For messages, as `the sidecar of orders`. */
  name: string;
  program: string;
  args: string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** Takes what the process writes. */
  logFile: string;
}

export type Supervised = ReturnType<typeof supervise>;

const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 10_000;
/** A process that has run for this long was fine. */
const FINE_MS = 30_000;
/** A service drains for ten seconds, and takes about as long again to publish what it has committed. */
const KILL_AFTER_MS = 25_000;

/** Starts the process. After `keepUp` it is started again whenever it ends, at once the first time, then after a growing wait. */
export function supervise({ name, program, args, cwd, env, logFile }: Command, say: (line: string) => void) {
  let child: ChildProcess | undefined;
  let exited: Promise<unknown> = Promise.resolve();
  let startedAt = 0;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  /** Whether an end is to be followed by a new start. */
  let isKept = false;
  const killNow = () => {
    if (child?.pid) signal(-child.pid, 'SIGKILL');
  };

  function start(): void {
    if (child) return;
    clearTimeout(timer);
    startedAt = performance.now();
    const output = openSync(logFile, 'a');
    // In a process group of its own, so that Ctrl-C reaches the supervisor alone, which ends all in order.
    const started = spawn(program, args, { cwd, env, stdio: ['ignore', output, output], detached: true });
    closeSync(output);
    child = started;
    exited = once(started, 'exit').catch((error: unknown) => [String(error), null]);
    void exited.then(ended);
  }

  function ended(result: unknown): void {
    child = undefined;
    if (!isKept) return;
    const [code, by] = result as [number | string | null, NodeJS.Signals | null];
    failures = performance.now() - startedAt > FINE_MS ? 0 : failures + 1;
    const wait = failures === 0 ? 0 : Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** failures);
    say(`${name} ended (${by ?? `code ${code}`}) and is started again; see ${logFile}`);
    timer = setTimeout(start, wait);
  }

  async function end(how: NodeJS.Signals): Promise<void> {
    isKept = false;
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
    /** Starts the process unless it runs. */
    start,
    /** From now on the process is started again when it ends. */
    keepUp(): void {
      isKept = true;
      start();
    },
    /** Ends the process as a crash would. It stays down until `keepUp`. */
    kill: () => end('SIGKILL'),
    /** Asks the process to end, and forces it after 25 seconds. */
    stop: () => end('SIGTERM'),
    killNow,
  };
}

/** Leaves nothing running when this program ends without stopping them. Returns how to call that off. */
export function killOnExit(all: readonly Pick<Supervised, 'killNow'>[]): () => void {
  const killAll = () => all.forEach(({ killNow }) => killNow());
  process.on('exit', killAll);
  return () => void process.removeListener('exit', killAll);
}

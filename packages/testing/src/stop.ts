import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';

let isPrepared = false;

/**
 * Ends this process on a signal, and when Jest's main process ends, and kills all processes that it
 * has started when it exits. A suite cannot do this, because its `process` is a copy that gets
 * neither signals nor `exit`.
 */
export function endChildrenWithThisProcess(): void {
  if (isPrepared) return;
  isPrepared = true;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
  process.once('disconnect', () => process.exit(1));
  process.once('exit', () => killAll(childrenOf(process.pid)));
}

/** Returns all descendants of a process. */
function childrenOf(pid: number, parents = parentsByPid()): number[] {
  const children = [...parents].filter(([, parent]) => parent === pid).map(([child]) => child);
  return children.flatMap((child) => [child, ...childrenOf(child, parents)]);
}

function parentsByPid(): Map<number, number> {
  return new Map(process.platform === 'linux' ? fromProc() : fromPs());
}

function fromProc(): [number, number][] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return [[Number(pid), Number(parent)]];
      } catch {
        return []; // it has ended
      }
    });
}

function fromPs(): [number, number][] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=']).toString().trim().split('\n');
  return lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
}

function killAll(pids: number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}

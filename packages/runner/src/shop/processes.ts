/** Lists and ends processes. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { until } from '../tools/until.js';

export interface Process {
  pid: number;
  group: number;
  argv: string[];
}

/** Returns all running processes. */
export function processes(): Promise<Process[]> {
  return process.platform === 'linux' ? fromProc() : fromPs();
}

/** Sends SIGTERM, and SIGKILL after `seconds`. Resolves when all processes are gone. */
export async function end(pids: number[], seconds: number): Promise<void> {
  for (const pid of pids) signal(pid, 'SIGTERM');
  await gone(pids, seconds).catch(() => pids.forEach((pid) => signal(pid, 'SIGKILL')));
  await gone(pids, 5);
}

/** Waits until none of these processes is running. */
export async function gone(pids: number[], seconds: number): Promise<void> {
  const what = () => `the end of process ${pids.join(', ')}`;
  await until(what, seconds, async () => !(await Promise.all(pids.map(isRunning))).includes(true));
}

/** Sends a signal to a process, or to a group if `pid` is negative. Ignores one that is gone. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(typeof error === 'object' && error !== null && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

async function isRunning(pid: number): Promise<boolean> {
  if (process.platform === 'linux') return (await readOne(pid)) !== undefined;
  return (await processes()).some((one) => one.pid === pid);
}

async function fromProc(): Promise<Process[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map(readOne));
  return found.filter((one) => one !== undefined);
}

/** Returns `undefined` for a process that has ended, even if it has not been reaped. */
async function readOne(pid: number): Promise<Process | undefined> {
  try {
    const [stat, commandLine] = await Promise.all([readFile(`/proc/${pid}/stat`, 'utf8'), readFile(`/proc/${pid}/cmdline`, 'utf8')]);
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : { pid, group: Number(group), argv: commandLine.split('\0').filter(Boolean) };
  } catch {
    return undefined;
  }
}

async function fromPs(): Promise<Process[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,pgid=,stat=,args='], { maxBuffer: 16 * 1024 * 1024 });
  return stdout.split('\n').flatMap((line) => {
    const [, pid, group, state = '', args = ''] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return pid && !state.startsWith('Z') ? [{ pid: Number(pid), group: Number(group), argv: args.split(' ') }] : [];
  });
}

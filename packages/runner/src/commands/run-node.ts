import { spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/**
 * Runs Node with these arguments until it ends. It is stopped if this process exits first.
 * `output` is what it wrote to stderr, if that is a pipe.
 */
export async function runNode(
  args: string[],
  { env = {}, stdio }: { env?: Record<string, string>; stdio: StdioOptions },
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, args, { stdio, env: { ...process.env, ...env } });
  const stop = () => child.kill();
  process.once('exit', stop);
  const [output, [code]] = await Promise.all([child.stderr ? text(child.stderr) : '', once(child, 'exit') as Promise<[number | null]>]);
  process.off('exit', stop);
  return { code, output };
}

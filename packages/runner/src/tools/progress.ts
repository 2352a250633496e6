const ON_TERMINAL_MS = 1_000;
const ELSEWHERE_MS = 15_000;

/**
 * Shows what is going on and for how long, until the returned function is called: one line that
 * changes on a terminal, else a line from time to time. `detail` returns what to add, or ''.
 */
export function progress(what: string, detail: () => string = () => ''): () => void {
  const { stderr } = process;
  const started = Date.now();
  const status = () => [`${Math.round((Date.now() - started) / 1_000)} s`, detail()].filter(Boolean).join(', ');
  stderr.write(stderr.isTTY ? what : `${what}\n`);
  const show = () => stderr.write(stderr.isTTY ? `\r${what} ${status()}\x1b[K` : `  ${status()}\n`);
  const timer = setInterval(show, stderr.isTTY ? ON_TERMINAL_MS : ELSEWHERE_MS);
  return () => {
    clearInterval(timer);
    show();
    if (stderr.isTTY) stderr.write('\n');
  };
}

// Preloaded by run.mjs: makes a signal an exit of this process, which runs its exit handlers,
// unless the command takes signals itself.
import { exitCodeOf, SIGNALS } from './child.mjs';

for (const signal of SIGNALS) {
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) process.exit(exitCodeOf(signal));
  });
}

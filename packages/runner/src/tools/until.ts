import { setTimeout as delay } from 'node:timers/promises';

/**
 * Calls `check` until it returns something other than false or undefined, and returns that.
 * @throws after `seconds`, saying that `what` did not happen
 */
export async function until<T>(what: string | (() => string), seconds: number, check: () => Promise<T | false | undefined>): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const result = await check();
    if (result !== false && result !== undefined) return result;
    if (Date.now() > deadline) throw new Error(`Not within ${seconds} s: ${typeof what === 'string' ? what : what()}`);
    await delay(50);
  }
}

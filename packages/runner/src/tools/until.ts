import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits until `check` answers something other than false or undefined, and answers that.
 * @param seconds how long at most
 * @throws when the time is over: `what` did not happen
 */
export async function until<T>(what: string | (() => string), seconds: number, check: () => Promise<T | false | undefined>): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await check();
    if (answer !== false && answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`Not within ${seconds} s: ${typeof what === 'string' ? what : what()}`);
    await delay(50);
  }
}

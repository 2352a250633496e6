import type { DomainError } from '@sidecart/chassis/errors';

/** Runs a task when its turn comes. Throws the lane's refusal if the lane is full. */
export type Lane = <T>(task: () => Promise<T>) => Promise<T>;

/**
 * Runs `atOnce` tasks at a time. Tasks wait in lanes, which take turns: a crowd in one lane does
 * not hold up another.
 */
export function createTurns(atOnce: number): { lane(maxWaiting: number, refusal: () => DomainError): Lane } {
  type Waiting = (() => void)[];
  /** Least recently served first. */
  const lanes: Waiting[] = [];
  let running = 0;

  const moveToEnd = (lane: Waiting) => lanes.push(...lanes.splice(lanes.indexOf(lane), 1));

  /** Starts the next waiting task in the slot of one that has finished. */
  function startNext(): void {
    const lane = lanes.find(({ length }) => length > 0);
    const start = lane?.shift();
    if (!lane || !start) return void running--;
    moveToEnd(lane);
    start();
  }

  return {
    lane(maxWaiting, refusal) {
      const waiting: Waiting = [];
      lanes.push(waiting);
      return async (task) => {
        if (running < atOnce) {
          running++;
          moveToEnd(waiting);
        } else if (waiting.length < maxWaiting) await new Promise<void>((start) => waiting.push(start));
        else throw refusal();
        try {
          return await task();
        } finally {
          startNext();
        }
      };
    },
  };
}

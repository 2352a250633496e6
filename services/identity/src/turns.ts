import type { DomainError } from '@sidecart/chassis/errors';

/** Runs a piece of work when its turn comes. Throws the lane's refusal if too much is waiting in it. */
export type Lane = <T>(work: () => Promise<T>) => Promise<T>;

/** Runs `atOnce` pieces of work at a time. Work waits in lanes, and the lanes take turns: a crowd in one does not hold up another. */
export function createTurns(atOnce: number): { lane(maxWaiting: number, refusal: () => DomainError): Lane } {
  type Waiting = (() => void)[];
  /** The lane whose last turn is longest ago comes first. */
  const lanes: Waiting[] = [];
  let running = 0;

  const moveToEnd = (lane: Waiting) => lanes.push(...lanes.splice(lanes.indexOf(lane), 1));

  /** Gives the place of finished work to work that waits. */
  function passOn(): void {
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
      return async (work) => {
        if (running < atOnce) {
          running++;
          moveToEnd(waiting);
        } else if (waiting.length < maxWaiting) await new Promise<void>((start) => waiting.push(start));
        else throw refusal();
        try {
          return await work();
        } finally {
          passOn();
        }
      };
    },
  };
}

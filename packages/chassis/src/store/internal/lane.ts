import { createLanes, type LaneOptions } from './lanes.js';
import { slotsOf, type Slot } from './slots.js';

/** The lane of this replica, with its slots. It changes if another replica takes the lane over. */
export function joinLane(options: LaneOptions) {
  let name = '';
  let slots: Slot[] = [];
  const lanes = createLanes({ ...options, onFenced: (fenced) => void rejoin(fenced) });
  let joined = join();

  async function join(): Promise<void> {
    name = await lanes.join();
    slots = slotsOf(name);
  }

  /** Joins with a new lane, if the fenced one is still in use. */
  function rejoin(fenced: string): Promise<void> {
    if (fenced === name) {
      name = '';
      joined = join();
      joined.catch(() => undefined); // the next commit throws it, and tries again
    }
    return joined;
  }

  return {
    slots: () => slots,
    /**
     * Resolves when the lane is registered, and what earlier processes of this replica left is
     * published.
     */
    joined: () => joined,
    /** Resolves like `joined`, and tries again if joining has failed. */
    ensureJoined: () => joined.catch(() => (joined = join())),
    rejoin,
    stop: () => lanes.stop(),
    close: () => lanes.close(),
    leave: () => lanes.leave(),
  };
}

import { key, put, type Docs, type Key, type Write } from '@sidecart/chassis/state';
import type { Store } from '@sidecart/chassis/store';
import { add, change, DEFAULT, ONLY_DEFAULT, remove, type Location, type Locations } from './location.js';

export const locationsKey: Key<Locations> = key('locations');

/**
 * How many SKUs have stock at a location. What gives the first piece of a SKU to a location writes
 * it, and so does what deletes or deactivates the location, so one of two that race sees the other.
 * It outlives the location for that reason. The default location, which always exists, needs none.
 */
const skusKey = (id: string): Key<number> => key('location-skus', id);

export const locationsIn = (docs: Docs): Locations => docs.get(locationsKey) ?? ONLY_DEFAULT;

/** Returns the writes that count SKUs in and out of locations. `changes` maps ids to signed numbers. */
export function countSkus(docs: Docs, changes: ReadonlyMap<string, number>): Write[] {
  const counted = [...changes].filter(([id, change]) => id !== DEFAULT && change !== 0);
  const before = docs.all(counted.map(([id]) => skusKey(id)));
  return counted.map(([id, change], i) => put(skusKey(id), (before[i] ?? 0) + change));
}

export type LocationTable = ReturnType<typeof openLocations>;

export function openLocations(store: Store) {
  /** Changes the table and guards the location's count, so that no stock arrives meanwhile. */
  function update(id: string, decide: (locations: Locations, skus: number) => Locations): Promise<Locations> {
    return store.transact([locationsKey, skusKey(id)], (docs) => {
      const skus = docs.get(skusKey(id)) ?? 0;
      const locations = decide(locationsIn(docs), skus);
      return { write: [put(locationsKey, locations), put(skusKey(id), skus)], result: locations };
    });
  }

  return {
    all: async (): Promise<Locations> => (await store.read(locationsKey)) ?? ONLY_DEFAULT,

    /** Throws what `add` throws. */
    add: (location: Location) => update(location.id, (locations) => add(locations, location)),

    /** Throws what `change` throws. */
    change: (id: string, changes: Partial<Omit<Location, 'id'>>) => update(id, (locations, skus) => change(locations, id, changes, skus)),

    /** Throws what `remove` throws. */
    remove: (id: string) => update(id, (locations, skus) => remove(locations, id, skus)),
  };
}

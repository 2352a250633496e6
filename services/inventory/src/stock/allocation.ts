import type { Allocation } from '@sidecart/contracts/inventory';
import type { Locations } from '../locations/location.js';

/** Returns the pieces of an allocation. */
export const piecesOf = (allocation: Allocation): number => allocation.reduce((sum, { quantity }) => sum + quantity, 0);

/** Adds two allocations, with one entry for each location. */
export function plus(a: Allocation, b: Allocation): Allocation {
  const sums = new Map<string, number>();
  for (const { location, quantity } of [...a, ...b]) sums.set(location, (sums.get(location) ?? 0) + quantity);
  return [...sums].map(([location, quantity]) => ({ location, quantity }));
}

/** Splits an allocation: the first `quantity` pieces, or all if there are fewer, and the rest. */
export function split(allocation: Allocation, quantity: number): { taken: Allocation; rest: Allocation } {
  const taken: Allocation = [];
  const rest: Allocation = [];
  let left = quantity;
  for (const { location, quantity: pieces } of allocation) {
    const used = Math.min(pieces, left);
    left -= used;
    if (used > 0) taken.push({ location, quantity: used });
    if (used < pieces) rest.push({ location, quantity: pieces - used });
  }
  return { taken, rest };
}

/** Returns what is left of an allocation if no location can give more than `free` has there. */
export function within(allocation: Allocation, free: Allocation): Allocation {
  return allocation.flatMap(({ location, quantity }) => {
    const room = free.find((each) => each.location === location)?.quantity ?? 0;
    const pieces = Math.min(quantity, room);
    return pieces > 0 ? [{ location, quantity: pieces }] : [];
  });
}

/** Returns `free` in the order in which pieces are taken: the nearest to the country, then the most. */
export function ranked(free: Allocation, country: string | null, locations: Locations): Allocation {
  const distances = new Map(locations.map(({ id, countries }) => [id, distance(countries, country)]));
  const far = ({ location }: Allocation[number]) => distances.get(location) ?? Number.MAX_SAFE_INTEGER;
  return free.toSorted((a, b) => far(a) - far(b) || b.quantity - a.quantity || (a.location < b.location ? -1 : 1));
}

/** The place of the country in a location's list, the nearest first. */
function distance(countries: readonly string[], country: string | null): number {
  const index = country === null ? -1 : countries.indexOf(country);
  return index === -1 ? Number.MAX_SAFE_INTEGER : index;
}

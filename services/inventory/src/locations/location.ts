import { DomainError, found } from '@sidecart/chassis/errors';
import { MAX_LOCATIONS } from '@sidecart/contracts/inventory';

/** A place where stock is. */
export interface Location {
  id: string;
  name: string;
  /** The countries that it serves before other locations, the nearest first. */
  countries: readonly string[];
  /** Whether it can get stock. */
  active: boolean;
}

/** All locations of the shop. */
export type Locations = readonly Location[];

/** The location that always exists. */
export const DEFAULT = 'default';

export const ONLY_DEFAULT: Locations = [{ id: DEFAULT, name: 'Default', countries: [], active: true }];

/** Throws `conflict`: `location-exists`, `too-many-locations`. */
export function add(locations: Locations, location: Location): Locations {
  if (locations.some(({ id }) => id === location.id))
    throw new DomainError('conflict', 'location-exists', `There is already a location ${location.id}.`);
  if (locations.length >= MAX_LOCATIONS)
    throw new DomainError('conflict', 'too-many-locations', `There can be at most ${MAX_LOCATIONS} locations.`);
  return [...locations, location];
}

/**
 * Changes a location. `skus` is how many SKUs have stock there. Throws `missing`, and `conflict`:
 * `default-location` or `location-in-use` if it cannot be deactivated.
 */
export function change(locations: Locations, id: string, changes: Partial<Omit<Location, 'id'>>, skus: number): Locations {
  const before = byId(locations, id);
  if (changes.active === false) refuseInUse(id, skus);
  return locations.map((location) => (location === before ? { ...before, ...changes } : location));
}

/**
 * Removes a location. `skus` is how many SKUs have stock there. Throws `missing`, and `conflict`:
 * `default-location`, `location-in-use`.
 */
export function remove(locations: Locations, id: string, skus: number): Locations {
  const removed = byId(locations, id);
  refuseInUse(id, skus);
  return locations.filter((location) => location !== removed);
}

/** Returns the location. Throws `missing`. */
export const byId = (locations: Locations, id: string): Location =>
  found(
    locations.find((location) => location.id === id),
    `The location ${id}`,
  );

/** Throws `missing`, and `conflict` (`location-inactive`) if the location can get no stock. */
export function refuseUnlessActive(locations: Locations, id: string): void {
  if (byId(locations, id).active) return;
  throw new DomainError('conflict', 'location-inactive', `The location ${id} is not active. Activate it first, or use another.`);
}

/** Returns the location that takes stock back: the one it came from, or else the default one. */
export const returnsTo = (locations: Locations, id: string): string =>
  locations.some((location) => location.id === id && location.active) ? id : DEFAULT;

function refuseInUse(id: string, skus: number): void {
  if (id === DEFAULT) throw new DomainError('conflict', 'default-location', 'The default location always exists and is always active.');
  if (skus === 0) return;
  throw new DomainError('conflict', 'location-in-use', `${skus} SKUs have stock at ${id}. Transfer it to another location first.`);
}

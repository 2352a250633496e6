import { serve } from '@sidecart/chassis/calls';
import { routes, type Routes } from '@sidecart/chassis/routes';
import { Commit, Release, Reserve } from '@sidecart/contracts/inventory';
import { endOf, minuteOf } from '../stock/minutes.js';
import { commitPart } from './commit.js';
import { releasePart } from './release.js';
import { mergedBySku } from './reservation.js';
import { reserve } from './reserve.js';
import type { Reservations } from './store.js';

/** The calls that orders makes. */
export function reservationCalls({ reservations, now }: { reservations: Reservations; now: () => Date }): Routes {
  const api = routes('inventory');

  serve(api, Reserve, async ({ lines, country = null, ...asked }) => {
    const { reference, cartId, until } = asked;
    const request = { ...asked, country, lines: mergedBySku(lines) };
    const minute = minuteOf(until, now());
    const reservation = await reservations.update(request, { cartId, minute }, (facts) => reserve(facts, request));
    return { reference, until: reservation ? endOf(reservation.minute) : until };
  });

  serve(api, Commit, async ({ lines, ...asked }) => {
    const part = { ...asked, lines: mergedBySku(lines) };
    await reservations.update(part, { moves: true }, (facts) => commitPart(facts, part));
    return { reference: asked.reference };
  });

  serve(api, Release, async ({ lines, ...asked }) => {
    const part = { ...asked, lines: mergedBySku(lines) };
    await reservations.update(part, { moves: true }, (facts) => releasePart(facts, part));
    return { reference: asked.reference };
  });

  return api;
}

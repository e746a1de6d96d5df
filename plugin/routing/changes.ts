/** Which ways have become others: a metric by half, or another first node. Pure but for what it remembers. */
import { DAY_MS, MINUTE_MS } from '../lib/time.js';
import type { Route } from './contract.js';
import { distance } from './distance.js';
import { firstHop } from './table.js';

/** How much longer or shorter a way is another one. */
const JUMP = 1.5;
/** So many readings in a row must agree: one alone may be the middle of a change. */
const READINGS = 2;
/** After a change, the next of that way counts after this, ms; it doubles with each one, up to a day. */
const REST_MS = 10 * MINUTE_MS;
/** After so long without a change it is forgotten that there were any, ms. */
const QUIET_MS = 2 * DAY_MS;
/** Where fewer of the ways are left, it is the daemon that has just started. */
const LEFT_SHARE = 0.5;

interface Way {
  readonly distance: number | null;
  readonly hop: string;
}

interface Known {
  /** The way that measurements belong to. */
  base: Way;
  /** What the last readings have shown instead; null = no way at all. */
  next: { readonly way: Way | null; count: number } | null;
  isLost: boolean;
  /** When it last changed, ms by a clock that nobody sets, and for how long it rests then, ms; null = never. */
  changedAt: number | null;
  restMs: number;
}

export interface Changed {
  /** Addresses to which the way is another one. */
  readonly moved: readonly string[];
  /** Addresses to which there is no way any more. */
  readonly lost: readonly string[];
}

const NOTHING: Changed = { moved: [], lost: [] };

export class WayChanges {
  #known = new Map<string, Known>();

  /**
   * Compares a reading with what was known. An address that is not asked for is forgotten.
   * @param now ms, by a clock that nobody sets
   * @param routes by address; null = no way
   * @param before the way of the reading before, of an address that was not asked for then
   */
  look(
    routes: ReadonlyMap<string, Route | null>,
    now: number,
    before: (address: string) => Route | null = () => null,
  ): Changed {
    if (this.#isInterrupted(routes)) return NOTHING;
    const [moved, lost]: [string[], string[]] = [[], []];
    const next = new Map<string, Known>();
    for (const [address, route] of routes) {
      const way = toWay(route);
      const base = this.#known.has(address) ? null : (toWay(before(address)) ?? way);
      const known = base === null ? this.#known.get(address) : newly(base);
      if (!known) continue;
      next.set(address, known);
      const what = follow(known, way, now);
      if (what !== null) (what === 'moved' ? moved : lost).push(address);
    }
    this.#known = next;
    return { moved, lost };
  }

  #isInterrupted(routes: ReadonlyMap<string, Route | null>): boolean {
    const had = [...this.#known].filter(([address, { isLost }]) => !isLost && routes.has(address));
    const left = had.filter(([address]) => routes.get(address) !== null);
    return had.length > 1 && left.length < had.length * LEFT_SHARE;
  }
}

const toWay = (route: Route | null): Way | null => route && { distance: distance(route), hop: firstHop(route) };

const newly = (base: Way): Known => ({ base, next: null, isLost: false, changedAt: null, restMs: REST_MS });

/** What has become of the way with this reading; null = nothing that counts. */
function follow(known: Known, way: Way | null, now: number): 'moved' | 'lost' | null {
  if (way !== null && !differs(known.base, way)) {
    known.next = null;
    known.isLost = false;
    return null;
  }
  if (way === null && known.isLost) return null;
  const count = known.next !== null && isAlike(known.next.way, way) ? known.next.count + 1 : 1;
  known.next = { way, count };
  const since = known.changedAt === null ? QUIET_MS : now - known.changedAt;
  if (count < READINGS || since < known.restMs) return null;
  known.restMs = since < QUIET_MS ? Math.min(known.restMs * 2, DAY_MS) : REST_MS;
  known.changedAt = now;
  known.next = null;
  known.isLost = way === null;
  if (way === null) return 'lost';
  known.base = way;
  return 'moved';
}

const isAlike = (a: Way | null, b: Way | null) => (a === null || b === null ? a === b : !differs(a, b));

function differs(a: Way, b: Way): boolean {
  if (a.hop !== b.hop) return true;
  if (a.distance === null || b.distance === null) return a.distance !== b.distance;
  return Math.max(a.distance, b.distance) > JUMP * Math.min(a.distance, b.distance);
}

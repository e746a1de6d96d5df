/**
 * Round-trip times guessed from the coordinates that Serf agents keep of themselves (Vivaldi): they tell who may be near
 * before anything was measured, and are asked of this node's own agent only, so they cost nothing on the air.
 */
import type { Coordinate, SerfRpc } from './client.js';

/** For how long the answers serve, ms: coordinates move slowly, but an agent that has just started will soon know some. */
const SERVE_FOR_MS = 10 * 60_000;
const NOTHING_FOR_MS = 30_000;

/** Calls on the way to the agent at once. */
const BATCH = 16;

/** How long the agent may be asked in all, ms; whoever was not reached by then has no estimate. */
const LIMIT_MS = 5_000;

/** A coordinate with this error or more was never adjusted to a measurement: the agent has just started. */
const NEVER_MEASURED = 1.5;

/** Serf's own have 8 dimensions; more than this is nonsense. */
const MOST_DIMENSIONS = 64;

/** Nobody is farther than this, whatever it claims, ms. */
const FARTHEST_MS = 10_000;

/**
 * Round-trip time between two coordinates, ms: ‖a − b‖ plus both heights, and both adjustments where the sum stays above
 * 0 (https://github.com/hashicorp/serf/blob/master/coordinate/coordinate.go, `DistanceTo`). null where one of them is no
 * coordinate, or was never measured.
 */
export function estimateOf(a: Coordinate, b: Coordinate): number | null {
  if (!isUsable(a) || !isUsable(b) || a.vec.length !== b.vec.length) return null;
  const square = a.vec.reduce((sum, value, index) => sum + (value - (b.vec[index] ?? 0)) ** 2, 0);
  const distance = Math.sqrt(square) + a.height + b.height;
  const adjusted = distance + a.adjustment + b.adjustment;
  const ms = (adjusted > 0 ? adjusted : distance) * 1_000;
  // Finite parts may have an infinite sum, and a height may be a lie below 0.
  return Math.min(Math.max(0, ms), FARTHEST_MS);
}

function isUsable({ vec, height, adjustment, error }: Coordinate): boolean {
  const isNumber = [...vec, height, adjustment].every(Number.isFinite);
  return isNumber && vec.length > 0 && vec.length <= MOST_DIMENSIONS && error >= 0 && error < NEVER_MEASURED;
}

/** What is asked of the agent, and whom it is about. */
interface Community {
  readonly client: Pick<SerfRpc, 'coordinate'>;
  /** Member name of this node. */
  readonly self: string;
  /** Member names of the others. */
  readonly others: readonly string[];
}

export class Coordinates {
  #asked: Promise<ReadonlyMap<string, number>> | null = null;
  /** By `performance.now()`. */
  #until = 0;

  /**
   * Estimated round-trip time to each of the others, ms, by member name; without those that nothing is known of. Asked at
   * most every 10 minutes, whoever looks meanwhile.
   * @throws PanelError serf-away, serf-refused
   */
  estimates(community: Community): Promise<ReadonlyMap<string, number>> {
    if (this.#asked && performance.now() < this.#until) return this.#asked;
    const serve = (ms: number) => {
      this.#until = performance.now() + ms;
    };
    serve(SERVE_FOR_MS);
    this.#asked = ask(community);
    this.#asked.then(
      ({ size }) => serve(size > 0 ? SERVE_FOR_MS : NOTHING_FOR_MS),
      () => serve(0),
    );
    return this.#asked;
  }
}

async function ask({ client, self, others }: Community): Promise<ReadonlyMap<string, number>> {
  const deadline = performance.now() + LIMIT_MS;
  const estimates = new Map<string, number>();
  const own = await client.coordinate(self);
  if (own === null) return estimates;
  for (let from = 0; from < others.length && performance.now() < deadline; from += BATCH) {
    const batch = others.slice(from, from + BATCH);
    const found = await Promise.all(batch.map((name) => client.coordinate(name)));
    for (const [index, name] of batch.entries()) {
      const coordinate = found[index];
      const ms = coordinate ? estimateOf(own, coordinate) : null;
      if (ms !== null) estimates.set(name, ms);
    }
  }
  return estimates;
}

/**
 * Round-trip times estimated from the coordinates that Serf agents maintain (Vivaldi): they show who may be near before
 * anything is measured. Only this node's own agent is asked, so they cost no airtime.
 */
import { PanelError } from '../model/errors.js';
import type { Coordinate, SerfRpc } from './client.js';

/** How long answers stay fresh, ms: coordinates move slowly, but an agent that has just started soon knows more. */
const FRESH_MS = 10 * 60_000;
const FIRST_FRESH_MS = 30_000;

/** An agent that hangs up within this time of a question does so because of it, ms. */
const HANG_UP_MS = 5_000;

/** Concurrent calls to the agent. */
const BATCH = 16;

/** Limit of all calls together, ms; nodes not reached by then have no estimate. */
const LIMIT_MS = 5_000;

/** Error from which on a coordinate was never adjusted to a measurement: the agent has just started. */
const UNMEASURED_ERROR = 1.5;

/** Serf's have 8 dimensions; more than this is nonsense. */
const MAX_DIMENSIONS = 64;

/** Longest estimate, whatever a node claims, ms. */
const MAX_RTT_MS = 10_000;

/**
 * Round-trip time between two coordinates, ms: ‖a − b‖ plus both heights, and both adjustments where the sum stays above
 * 0 (https://github.com/hashicorp/serf/blob/master/coordinate/coordinate.go, `DistanceTo`). null where one of them is
 * not a coordinate, or was never measured.
 */
export function estimateRtt(a: Coordinate, b: Coordinate): number | null {
  if (!isUsable(a) || !isUsable(b) || a.vec.length !== b.vec.length) return null;
  const square = a.vec.reduce((sum, value, index) => sum + (value - (b.vec[index] ?? 0)) ** 2, 0);
  const distance = Math.sqrt(square) + a.height + b.height;
  const adjusted = distance + a.adjustment + b.adjustment;
  const ms = (adjusted > 0 ? adjusted : distance) * 1_000;
  // Finite parts may have an infinite sum, and a height may be a negative lie.
  return Math.min(Math.max(0, ms), MAX_RTT_MS);
}

function isUsable({ vec, height, adjustment, error }: Coordinate): boolean {
  const isNumber = [...vec, height, adjustment].every(Number.isFinite);
  return isNumber && vec.length > 0 && vec.length <= MAX_DIMENSIONS && error >= 0 && error < UNMEASURED_ERROR;
}

/** The agent to ask, and the nodes to ask about. */
interface Community {
  readonly client: Pick<SerfRpc, 'coordinate'>;
  /** Member name of this node. */
  readonly self: string;
  /** Member names of the others. */
  readonly others: readonly string[];
}

export class Coordinates {
  #estimates: Promise<ReadonlyMap<string, number>> | null = null;
  /** By `performance.now()`, as below. */
  #until = 0;
  /** When it was last answered, or given up; `Infinity` while it is asked. */
  #askedAt = Number.NEGATIVE_INFINITY;
  /** Questions in a row that the agent did not answer. */
  #failures = 0;
  /** How many the last look found, and how long it was fresh, ms. */
  #last = { size: 0, freshMs: FIRST_FRESH_MS };

  /**
   * Estimated round-trip time to each of the others, ms, by member name; unknown nodes are left out. Asks the agent at most
   * every 10 minutes; sooner while it gets to know more of them, and no more where it cannot answer: one older than Serf 0.7
   * hangs up on the question.
   * @throws PanelError serf-away, serf-refused
   */
  estimates(community: Community): Promise<ReadonlyMap<string, number>> {
    if (this.#estimates && performance.now() < this.#until) return this.#estimates;
    this.#until = this.#askedAt = Infinity;
    this.#estimates = ask(community);
    this.#estimates.then(
      ({ size }) => {
        this.#failures = 0;
        this.#serve(this.#freshMs(size, community.others.length));
      },
      (error) => {
        this.#failures++;
        const isRefused = error instanceof PanelError && error.code === 'serf-refused';
        this.#serve(isRefused || this.#failures > 1 ? Infinity : FIRST_FRESH_MS);
      },
    );
    return this.#estimates;
  }

  /** The connection to the agent has ended: the next one, unless it ended because of a question, may be another agent. */
  reconnect(): void {
    if (performance.now() - this.#askedAt < HANG_UP_MS || this.#until !== Infinity) return;
    this.#failures = 0;
    this.#until = 0;
  }

  #serve(ms: number): void {
    this.#askedAt = performance.now();
    this.#until = this.#askedAt + ms;
  }

  /** An agent learns one coordinate a second: a look that does not know everybody is repeated soon, and less and less. */
  #freshMs(size: number, wanted: number): number {
    const isGrowing = size === 0 || size > this.#last.size;
    const again = isGrowing ? FIRST_FRESH_MS : Math.min(2 * this.#last.freshMs, FRESH_MS);
    this.#last = { size, freshMs: again };
    return size > 0 && size >= wanted ? FRESH_MS : again;
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
      const ms = coordinate ? estimateRtt(own, coordinate) : null;
      if (ms !== null) estimates.set(name, ms);
    }
  }
  return estimates;
}

/** The hidden state of a simulated community: what each user would meet at each provider in each half hour. */
import { type Hop, type Link, loadOver, makeLinks, type PathState, pathState, waysFrom } from './network.js';
import { Random } from './random.js';
import { HOUR, hourOf, LAST_DECISION, STEP, STEPS, TABLE } from './table.js';

export interface Server {
  /** Time to the first byte, ms, and throughput, Mbit/s, step by step. */
  readonly ms: Float32Array;
  readonly mbps: Float32Array;
  readonly up: Uint8Array;
  /** Answers short questions first, whatever the load. */
  readonly liar: boolean;
}

/** What one user meets at one provider at one moment. */
export interface State extends PathState {
  readonly reachable: boolean;
  readonly serverMs: number;
  readonly serverMbps: number;
  /** What a probe meets in place of `serverMs`. */
  readonly probedMs: number;
  /** The way there, and the moment. */
  readonly way: readonly Hop[];
  readonly step: number;
}

/** What befalls the provider that a user relies on. */
export type Blow = 'dies' | 'moves' | 'overloaded';
export interface Struck {
  readonly provider: number;
  readonly blow: Blow;
  readonly from: number;
}

export interface WorldOptions {
  /** A node that most ways lead over is off for a while. */
  readonly gatewayFails?: boolean;
  readonly liars?: boolean;
}

export class World {
  readonly servers: readonly Server[];
  readonly #ways: (readonly Hop[] | null)[][];
  readonly #detours: (readonly Hop[] | null)[][];
  /** By user and provider, then step by step: rtt, loss, up and down, all 0 where there is no way. */
  readonly #paths = new Map<number, Float32Array>();
  readonly #gatewayFails: boolean;

  constructor(seed: number, { gatewayFails = false, liars = false }: WorldOptions = {}) {
    const links = makeLinks(new Random(seed, 'links'));
    const nodes = new Random(seed, 'nodes').shuffled(Array.from({ length: TABLE.nodes }, (_, index) => index));
    const hosts = nodes.slice(0, TABLE.providers);
    const users = nodes.slice(TABLE.providers, TABLE.providers + TABLE.users);
    const between = (without: number | null) =>
      users.map((user) => {
        const ways = waysFrom(user, links, without);
        return hosts.map((host) => ways[host] ?? null);
      });
    this.#gatewayFails = gatewayFails;
    this.#ways = between(null);
    this.#detours = gatewayFails ? between(busiest(this.#ways, [...users, ...hosts])) : this.#ways;
    this.servers = hosts.map((_, index) => makeServer(new Random(seed, 'server', index), liars));
  }

  hops(user: number, provider: number): number {
    return this.#ways[user]?.[provider]?.length ?? TABLE.nodes;
  }

  /** `at` in ms from the start of the simulation. */
  at(user: number, provider: number, at: number, struck: Struck | null = null): State {
    const step = Math.min(Math.floor(at / STEP), STEPS - 1);
    const blow = struck && struck.provider === provider && at >= struck.from ? struck.blow : null;
    const { ms, mbps, up, liar } = this.servers[provider] as Server;
    const place = blow === 'moves' ? (provider + 1) % TABLE.providers : provider;
    const path = this.#path(user, place, step);
    const busy = blow === 'overloaded' && at < (struck?.from ?? 0) + TABLE.events.overloadHours * HOUR;
    const serverMs = (ms[step] as number) * (busy ? TABLE.events.overload : 1);
    const { rtt, loss, up: upward, down } = path ?? NOWHERE;
    return {
      rtt,
      loss,
      up: upward,
      down,
      reachable: path !== null && up[step] === 1 && blow !== 'dies',
      serverMs,
      step,
      way: this.#way(user, place, step) ?? [],
      serverMbps: (mbps[step] as number) / (busy ? TABLE.events.overload : 1),
      probedMs: liar ? serverMs * TABLE.events.lie : serverMs,
    };
  }

  #path(user: number, provider: number, step: number): PathState | null {
    const key = user * TABLE.providers + provider;
    const states = this.#paths.get(key) ?? this.#statesOf(user, provider);
    this.#paths.set(key, states);
    // Read millions of times: neither a view nor an iterator each time.
    const [at, value] = [4 * step, (index: number) => states[index] as number];
    if (value(at) === 0) return null;
    return { rtt: value(at), loss: value(at + 1), up: value(at + 2), down: value(at + 3) };
  }

  #way(user: number, provider: number, step: number): readonly Hop[] | null {
    const ways = this.#gatewayFails && isCut(step * STEP) ? this.#detours : this.#ways;
    return ways[user]?.[provider] ?? null;
  }

  #statesOf(user: number, provider: number): Float32Array {
    const states = new Float32Array(4 * STEPS);
    for (let step = 0; step < STEPS; step++) {
      const way = this.#way(user, provider, step);
      if (!way) continue;
      const { rtt, loss, up, down } = pathState(way, step);
      states.set([rtt, loss, up, down], 4 * step);
    }
    return states;
  }
}

const NOWHERE: PathState = { rtt: 0, loss: 1, up: 0, down: 0 };

/** Whether the gateway is off at that time. */
export function isCut(at: number): boolean {
  const from = LAST_DECISION + TABLE.events.gateway.from * HOUR;
  return at >= from && at < from + TABLE.events.gateway.hours * HOUR;
}

/** The node that most ways lead over, none of whose own services or users count. */
function busiest(ways: readonly (readonly (readonly Hop[] | null)[])[], ends: readonly number[]): number | null {
  const counts = new Map<number, number>();
  for (const { link } of ways.flat().flatMap((way) => way ?? [])) {
    for (const node of nodesOf(link)) if (!ends.includes(node)) counts.set(node, (counts.get(node) ?? 0) + 1);
  }
  const [most] = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  return most?.[0] ?? null;
}

const nodesOf = ({ ends }: Link) => ends;

function makeServer(random: Random, liars: boolean): Server {
  const { ms, mbps } = random.pick(TABLE.servers);
  const up = availability(random);
  const load = loadOver(random);
  const lies = random.next() < TABLE.events.liars;
  return {
    ms: load.map((busy) => ms / (1 - busy)),
    mbps: load.map((busy) => mbps * (1 - busy)),
    up,
    liar: liars && lies,
  };
}

function availability(random: Random): Uint8Array {
  const kind = random.pick(TABLE.availability);
  if ('offFrom' in kind) {
    return Uint8Array.from({ length: STEPS }, (_, step) => {
      const hour = hourOf(step * STEP);
      return hour >= kind.offFrom && hour < kind.offUntil ? 0 : 1;
    });
  }
  const up = new Uint8Array(STEPS);
  let isUp = random.next() < kind.between / (kind.between + kind.repair);
  let left = random.exponential(isUp ? kind.between : kind.repair) * HOUR;
  for (let step = 0; step < STEPS; step++, left -= STEP) {
    while (left <= 0) {
      isUp = !isUp;
      left += random.exponential(isUp ? kind.between : kind.repair) * HOUR;
    }
    up[step] = isUp ? 1 : 0;
  }
  return up;
}

/** The simulated mesh: where its nodes stand, the links between them, and the way from one node to another. */
import type { Random } from './random.js';
import { HOUR, hourOf, STEP, STEPS, TABLE } from './table.js';

export interface Link {
  readonly ends: readonly [number, number];
  /** Mbit/s from the first end to the second, and back. */
  readonly mbps: readonly [number, number];
  /** There and back while idle, ms. */
  readonly ms: number;
  readonly loss: number;
  /** 0..0.95, step by step. */
  readonly load: Float32Array;
}

/** One link of a way, and the direction it is taken in. */
export interface Hop {
  readonly link: Link;
  readonly forth: 0 | 1;
}

/** Load over time: a level of its own, the hour of the day, and chance that lasts for hours. */
export function loadOver(random: Random): Float32Array {
  const { alpha, beta, day, peak, scale, memoryPerHour, sigma, max } = TABLE.load;
  const level = random.beta(alpha, beta);
  const memory = memoryPerHour ** (STEP / HOUR);
  let chance = sigma * random.normal();
  return Float32Array.from({ length: STEPS }, (_, step) => {
    chance = memory * chance + Math.sqrt(1 - memory ** 2) * sigma * random.normal();
    const hour = hourOf(step * STEP);
    const daily = (1 + day * Math.cos(((hour - peak) * 2 * Math.PI) / 24)) / scale;
    return Math.min(level * daily * Math.exp(chance), max);
  });
}

/** Links between the nearest first, roofs counting as nearer, until the mean degree is reached; then what keeps all in one piece. */
export function makeLinks(random: Random): Link[] {
  const { nodes, degree, superNodes, unusableLinks } = TABLE;
  const places = Array.from({ length: nodes }, () => ({
    ...{ x: random.next(), y: random.next() },
    reach: random.next() < superNodes.share ? superNodes.reach : 1,
  }));
  const pairs = places.flatMap((a, from) =>
    places.slice(0, from).map((b, to) => ({
      ends: [from, to] as const,
      far: Math.hypot(a.x - b.x, a.y - b.y) / Math.max(a.reach, b.reach),
    })),
  );
  const usable = pairs.sort((a, b) => a.far - b.far).filter(() => random.next() >= unusableLinks);
  const wanted = (degree * nodes) / 2;
  const group = places.map((_, index) => index);
  return usable
    .filter(({ ends: [a, b] }, index) => {
      const joins = group[a] !== group[b];
      if (index >= wanted && !joins) return false;
      const [from, to] = [group[a], group[b]];
      for (const [node, of] of group.entries()) if (of === from) group[node] = to as number;
      return true;
    })
    .map(({ ends }) => makeLink(ends, random));
}

function makeLink(ends: readonly [number, number], random: Random): Link {
  const { capacity, asymmetry, hop, loss } = TABLE;
  const clipped = (mbps: number) => Math.min(Math.max(mbps, capacity.min), capacity.max);
  const mbps = clipped(random.logNormal(capacity));
  const skew = Math.min(random.exponential(asymmetry.mean), asymmetry.max) * (random.next() < 0.5 ? -1 : 1);
  return {
    ends,
    mbps: [clipped(mbps * (1 + skew)), clipped(mbps * (1 - skew))],
    ms: random.logNormal(hop),
    loss: Math.min(random.logNormal(loss), loss.max),
    load: loadOver(random),
  };
}

/**
 * The ways from one node to all others, as a routing protocol that knows the idle links chooses them; null where there
 * is none.
 * @param without a node that is off
 */
export function waysFrom(
  start: number,
  links: readonly Link[],
  without: number | null = null,
): (readonly Hop[] | null)[] {
  const ways: (readonly Hop[] | null)[] = Array.from({ length: TABLE.nodes }, () => null);
  const costs = ways.map(() => Number.POSITIVE_INFINITY);
  const open = new Set(ways.keys());
  if (start === without) return ways;
  ways[start] = [];
  costs[start] = 0;
  while (open.size > 0) {
    const node = [...open].reduce((a, b) => ((costs[b] as number) < (costs[a] as number) ? b : a));
    open.delete(node);
    const way = ways[node];
    if (!way) break;
    for (const link of links) {
      const forth = link.ends[0] === node ? 0 : link.ends[1] === node ? 1 : null;
      if (forth === null) continue;
      const next = link.ends[1 - forth] as number;
      const cost = (costs[node] as number) + TABLE.routing.hop + link.ms + TABLE.routing.slow / Math.min(...link.mbps);
      if (next === without || cost >= (costs[next] as number)) continue;
      costs[next] = cost;
      ways[next] = [...way, { link, forth }];
    }
  }
  return ways;
}

/**
 * Delay of each packet of a train behind the first one, there and back, ms: every hop holds up the next packet until it
 * has sent the one before, and what others send in between.
 */
export function trainOver(way: readonly Hop[], step: number, random: Random, { packets, kB }: Train): number[] {
  const { sigma, disturbed } = TABLE.train;
  let gaps = Array.from({ length: packets - 1 }, () => 0);
  const cross = ({ link, forth }: Hop, direction: number) => {
    const load = link.load[step] as number;
    const mbps = link.mbps[direction === 0 ? forth : 1 - forth] as number;
    const others = ((8 * kB) / TABLE.queueMs) * (load / (1 - load));
    gaps = gaps.map((gap) => {
      const held = (8 * kB * random.spread(sigma) + random.poisson(others) * TABLE.queueMs) / mbps;
      return Math.max(gap, held);
    });
  };
  for (const hop of way) cross(hop, 0);
  for (const hop of way.toReversed()) cross(hop, 1);
  const longer = 1 + disturbed * (disturbance(way) - 1);
  return [0, ...gaps].map((_, packet) => longer * gaps.slice(0, packet).reduce((sum, gap) => sum + gap, 0));
}

export interface Train {
  readonly packets: number;
  /** Of each packet. */
  readonly kB: number;
}

/** How much less a long transfer gets because the hops of its way disturb each other. */
const disturbance = (way: readonly Hop[]) => Math.sqrt(Math.min(Math.max(way.length, 1), TABLE.interferingHops));

/** What a way is like in one step. */
export interface PathState {
  /** ms. */
  readonly rtt: number;
  /** Share of packets lost, there or back. */
  readonly loss: number;
  /** Mbit/s from the user to the provider, and back. */
  readonly up: number;
  readonly down: number;
}

export function pathState(way: readonly Hop[], step: number): PathState {
  let rtt = 0.3;
  let passes = 1;
  const free = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const { link, forth } of way) {
    const load = link.load[step] as number;
    const [up, down] = [link.mbps[forth] as number, link.mbps[1 - forth] as number];
    rtt += link.ms + ((TABLE.queueMs / up + TABLE.queueMs / down) / 2) * (load / (1 - load));
    passes *= (1 - Math.min(link.loss * (1 + TABLE.loss.rise * load ** 4), 1)) ** 2;
    free[0] = Math.min(free[0] as number, up * (1 - load));
    free[1] = Math.min(free[1] as number, down * (1 - load));
  }
  const shared = disturbance(way);
  return {
    rtt,
    loss: 1 - passes,
    up: (free[0] as number) / shared,
    down: (free[1] as number) / shared,
  };
}

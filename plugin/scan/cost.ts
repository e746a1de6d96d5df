/** What attempts and scans cost at most: the page promises by the very figures that the budget is held to. */

import { WIDTH } from '../model/metric.js';
import type { Provider } from '../model/provider.js';
import type { Target } from '../probe/index.js';
import { gossipAt, PATH_COST } from '../probe/path.js';
import { PACKET_TRAIN_COST, PING_COST } from '../probe/ping.js';
import type { Cost, ServiceType } from '../services/contract.js';

/** How many of the best get more samples, and how many each. */
export const BEST = 3;
export const MORE = 4;
/** Mean gap between those further samples, ms. */
export const SPACING_MS = 200;

/** How often an attempt is repeated when our own event loop invalidated it. */
export const REPEATS = 2;
/** One probe in this many may be repeated: a node that stays busy invalidates the repeats, too. */
const PROBES_A_REPEAT = 3;

export interface Extent {
  /** Whether a person asked for this one provider. */
  readonly asked?: boolean | undefined;
  /** Anything where an account comes with it. */
  readonly account?: object | undefined;
}

type Place = Pick<Target, 'address' | 'gossip'> & Pick<Provider, 'contradictions'>;

const NO_COST: Cost = { packets: 0, bytes: 0 };
const sum = (costs: readonly Cost[]): Cost => ({
  packets: costs.reduce((total, { packets }) => total + packets, 0),
  bytes: costs.reduce((total, { bytes }) => total + bytes, 0),
});
const times = ({ packets, bytes }: Cost, count: number): Cost => ({ packets: packets * count, bytes: bytes * count });

/** Whether the path is measured beside the probe: not where the probe itself measures it, because its type weighs jitter. */
export function asksForPath(type: ServiceType, { gossip }: Pick<Place, 'gossip'>): boolean {
  return gossip !== null && !gossip?.encrypted && !type.metrics.some(({ id }) => id === 'jitter');
}

/** Bytes of measuring how wide the path is, which are among the declared ones of the types that weigh it. */
export const packetTrainBytes = ({ metrics }: ServiceType) =>
  metrics.some(({ id }) => id === WIDTH) ? PACKET_TRAIN_COST.bytes : 0;

/** What the probe declares, with the Serf pings beside it and what is done on demand. */
export function probeCost(type: ServiceType, place: Place, { asked, account }: Extent): Cost {
  const path = asksForPath(type, place) ? PATH_COST : NO_COST;
  const more = type.account ? account !== undefined : asked;
  const once = sum([type.cost, (more && type.askedCost) || NO_COST]);
  // As often as announcers contradict each other: each announced identity may have to be tried.
  return sum([path, times(once, 1 + (place.contradictions?.length ?? 0))]);
}

/** One attempt at most, with the system's pings, which go out where nothing else tells of the path. */
export function attemptCost(type: ServiceType, place: Place, extent: Extent): Cost {
  return sum([probeCost(type, place, extent), gossipAt(place) === null ? PING_COST : NO_COST]);
}

/** How many probes a scan of this many providers makes, if none fails. */
export const probeCount = (targets: number) => targets + MORE * Math.min(BEST, targets);

/** How many probes a scan of this many providers may repeat. */
export const repeatCount = (targets: number) => Math.ceil(probeCount(targets) / PROBES_A_REPEAT);

/**
 * A whole scan of these providers at most, whichever of them turn out to be the best. Only where all of them fall silent
 * at once may it cost more: then two neighbours of any type are listened for.
 */
export function scanCost(type: ServiceType, places: readonly Place[], extent: Extent = {}): Cost {
  const costs = places.map((place) => attemptCost(type, place, extent));
  const [dearest = NO_COST] = costs.toSorted((a, b) => b.bytes - a.bytes);
  return sum([...costs, times(dearest, furtherCount(costs.length))]);
}

/** Attempts of a scan besides the first one at each provider: further samples and repeats. */
const furtherCount = (targets: number) => probeCount(targets) - targets + repeatCount(targets);

/** What these cost at most, bytes, given the dearest attempt. */
export const seriesCost = (targets: number, dearest: number) => dearest * furtherCount(targets);

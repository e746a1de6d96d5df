/** Whom to ask: panels that Serf or the owner tells of, the near ones and some others. Pure but for reading Serf. */
import { isIPv4 } from 'node:net';
import type { Config } from '../config/index.js';
import { joinHostPort } from '../lib/address.js';
import { cleanText } from '../lib/text.js';
import { hostGroup } from '../scan/group.js';
import type { SerfRpc } from '../serf/client.js';
import { type Roster, readRoster } from '../serf/roster.js';
import type { Place } from './ask.js';
import { SHARE_TAG } from './tag.js';

/** In one round: the nearest, so that what they say holds here; and others, so that no clique around this node is all. */
const ROUND = { nearest: 3, others: 2 };
const MAX_NAME = 128;

export interface Candidate extends Place {
  /** How it was found: `serf NAME`, or `list ADDRESS:PORT`. */
  readonly peer: string;
  /** The name that its documents must have; null where only its address is known. */
  readonly node: string | null;
}

/** The owner's own list. */
export function listedPeers({ peers }: Pick<Config, 'peers'>): readonly Candidate[] {
  return peers.map(({ host, port }) => ({ peer: `list ${joinHostPort(host, port)}`, node: null, host, port }));
}

/**
 * The members of the community that share, but for this node.
 * @param isAllowed whether the address may be asked
 * @throws PanelError serf-away, serf-refused
 */
export async function serfPeers(client: SerfRpc, isAllowed: AddressCheck): Promise<readonly Candidate[]> {
  return peersIn(await readRoster(client), isAllowed);
}

/** @param isLocal whether the whole community is on this machine, so that loopback addresses mean what they say */
type AddressCheck = (address: string, isLocal: boolean) => boolean;

function peersIn({ self, members }: Roster, isAllowed: AddressCheck): readonly Candidate[] {
  const isLocal = members.some(({ name, address }) => name === self && (address?.startsWith('127.') ?? false));
  return members.flatMap(({ name, address, status, tags }) => {
    const port = Number(/^[1-9]\d{0,4}$/.exec(tags.get(SHARE_TAG) ?? '')?.[0] ?? 0);
    const isNamed = name !== self && name !== '' && cleanText(name, MAX_NAME) === name;
    if (!isNamed || address === null || status !== 'alive' || port < 1 || port > 65_535) return [];
    return isAllowed(address, isLocal) ? [{ peer: `serf ${name}`, node: name, host: address, port }] : [];
  });
}

/** Of one network, which one owner may have any number of addresses in: a /24 of IPv4, a /64 of IPv6. */
export const network = (address: string): string =>
  isIPv4(address) ? address.slice(0, address.lastIndexOf('.')) : hostGroup(address);

/**
 * No two of one network: the nearest, and some of the others at random.
 * @param distances by name or by peer, ms; whom it lacks is not near
 * @param random 0 ≤ x < 1
 * @param numbers three and two where left out
 */
export function choosePeers(
  candidates: readonly Candidate[],
  distances: ReadonlyMap<string, number>,
  random: () => number,
  numbers = ROUND,
): readonly Candidate[] {
  const distance = ({ peer, node }: Candidate) => distances.get(node ?? peer) ?? Number.POSITIVE_INFINITY;
  const known = candidates.filter((candidate) => Number.isFinite(distance(candidate)));
  const near = onePerNetwork(known.sort((a, b) => distance(a) - distance(b) || (a.peer < b.peer ? -1 : 1)));
  const nearest = near.slice(0, numbers.nearest);
  const shuffled = candidates
    .map((candidate) => ({ candidate, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ candidate }) => candidate);
  const all = onePerNetwork([...nearest, ...shuffled]);
  // Where few are known to be near, more of the others.
  return all.slice(0, numbers.nearest + numbers.others);
}

function onePerNetwork(candidates: readonly Candidate[]): readonly Candidate[] {
  const first = new Map<string, Candidate>();
  for (const candidate of candidates)
    if (!first.has(network(candidate.host))) first.set(network(candidate.host), candidate);
  return [...first.values()];
}

/** Many sightings, one list: each provider once, with the announcement that is most to be believed. Pure. */

import { SAME_ID } from '../announcement/skipped.js';
import {
  type Announcement,
  type Contradiction,
  type Provider,
  providerId,
  type SourceName,
} from '../model/provider.js';
import { admitted, type Claim } from './budget.js';
import { onePerId } from './same-id.js';
import type { Sighting, SourceStatus } from './source.js';

/** In this order they are named. */
const SOURCE_ORDER: readonly SourceName[] = ['serf', 'list', 'avahi', 'demo'];

/** How long a member that Serf has lost is still taken for there, ms: where UDP is blocked it comes and goes every 30 s. */
const UNSURE_MS = 2 * 60_000;

/** Others that say something else of a provider, of whom is told. */
const CONTRADICTIONS_CAP = 4;

export interface Heard {
  readonly status: Pick<SourceStatus, 'name' | 'state' | 'lastUp'>;
  readonly sightings: readonly Sighting[];
}

export interface MergeOptions {
  /** Whether an address may be probed. */
  readonly allowed: (address: string) => boolean;
  /** ms since the epoch */
  readonly now: number;
  /** Whether the panel knows the type; of the others only so many words are listed. */
  readonly isKnown?: (type: string) => boolean;
  /** Whether the announcing member is proven to be at the announced address. Asked only where announcers disagree. */
  readonly isProven?: (announcement: Announcement) => boolean;
}

/** The list, and what found no room in it. */
export interface Merged {
  /** By type, then node, then id. */
  readonly providers: readonly Provider[];
  readonly left: readonly Left[];
}

interface Left {
  readonly source: SourceName;
  readonly announcement: Pick<Announcement, 'node' | 'type'>;
  readonly reason: 'too-many' | typeof SAME_ID;
}

/** One announcement of one provider, with how much it is believed. */
interface Witness extends Claim {
  readonly sighting: Sighting;
  readonly status: Heard['status'];
  readonly rank: number;
  readonly since: number;
  /** Whether it is said by who is believed to be there before anybody else: the owner's list, or this node. */
  readonly trusted: boolean;
}

interface Row {
  readonly provider: Provider;
  readonly announcer: string;
}

export function merge(heard: readonly Heard[], options: MergeOptions): Merged {
  const { isKnown = () => true } = options;
  const all = heard
    .flatMap(({ status, sightings }) => sightings.map((sighting) => witness(sighting, status, options.now)))
    .sort((one, other) => one.rank - other.rank || one.since - other.since || gossipsThere(other) - gossipsThere(one));
  const kept = admitted(all, isKnown);
  const byProvider = new Map<string, [Witness, ...Witness[]]>();
  for (const one of kept) {
    const known = byProvider.get(one.provider);
    if (known) known.push(one);
    else byProvider.set(one.provider, [one]);
  }
  const { listed, refused } = onePerId(
    onePerNode([...byProvider.values()].map((witnesses) => joined(witnesses, options))),
  );
  return {
    providers: listed.sort((a, b) => compare(a.type, b.type) || compare(a.node, b.node) || compare(a.id, b.id)),
    left: [
      ...all
        .filter((one) => !kept.has(one))
        .map(({ sighting: { announcement }, status }) => leftOut(status.name, announcement, 'too-many')),
      ...refused.map((provider) => leftOut(provider.sources[0] ?? 'serf', provider, SAME_ID)),
    ],
  };
}

const leftOut = (source: SourceName, announcement: Left['announcement'], reason: Left['reason']): Left => ({
  source,
  announcement,
  reason,
});

function witness(sighting: Sighting, status: Heard['status'], now: number): Witness {
  const { announcement, self, certain, heardAt, announcer, since = Number.NEGATIVE_INFINITY } = sighting;
  const { name } = status;
  const isFailed = name === 'serf' && heardAt !== null && now - heardAt >= UNSURE_MS;
  const rank = name === 'list' ? 0 : self && certain ? 1 : isFailed ? 3 : 2;
  return {
    ...{ provider: placeOf(announcement), type: announcement.type, address: announcement.address },
    announcer: announcer ?? name,
    trusted: rank <= 1 || name === 'demo',
    ...{ sighting, status, rank, since },
  };
}

/** Only claimed, so it decides nothing but between those who were first heard at the same moment. */
const gossipsThere = ({ sighting: { announcement } }: Witness) =>
  Number(announcement.gossip?.address === announcement.address);

/**
 * A node that announces the same service at an IPv4 and at an IPv6 address has one row: the IPv4 one, which more neighbours
 * reach, unless only the other may be probed.
 */
function onePerNode(rows: readonly Row[]): Provider[] {
  const isV6 = ({ provider }: Row) => provider.address.includes(':');
  const sixes = rows.filter(isV6);
  if (sixes.length === 0) return rows.map(({ provider }) => provider);
  const fours = new Map(rows.filter((row) => !isV6(row)).map((row) => [sayingOf(row), row]));
  const doubled = new Set(
    sixes.map((six) => {
      const four = fours.get(sayingOf(six));
      return four?.provider.barred === 'not-allowed' && six.provider.barred !== 'not-allowed' ? four : four && six;
    }),
  );
  return rows.filter((row) => !doubled.has(row)).map(({ provider }) => provider);
}

/** All but the address, and who says it: nobody's row disappears behind that of another announcer. */
function sayingOf({ provider, announcer }: Row): string {
  const { type, node, host, port, description, txt, gossip, self } = provider;
  return JSON.stringify([announcer, type, node, host, port, description, ...txt, gossip, self]);
}

/**
 * One provider of all who announce it. Believed is the owner's list, then this node, then whom Serf calls alive before whom
 * it calls failed, then who said it first: so no stranger renames, silences or takes over a neighbour's service by
 * announcing it too. Where they disagree, whoever is proven to be at the address comes before who only says so.
 */
function joined(witnesses: [Witness, ...Witness[]], options: MergeOptions): Row {
  const { now, isProven = () => false } = options;
  const first = witnesses[0];
  const { node, txt } = first.sighting.announcement;
  const isDisputed = witnesses.some(
    ({ sighting: { announcement } }) => announcement.node !== node || isOther(announcement.txt, txt),
  );
  const proven = witnesses.filter((one) => isDisputed && first.rank > 1 && isProven(one.sighting.announcement));
  const believed = proven[0] ?? first;
  const { announcement } = believed.sighting;
  const contradictions = isDisputed ? contradictionsOf(announcement, witnesses) : [];
  const isDeclined =
    witnesses.every(declines) || proven.some(declines) || witnesses.some((one) => one.rank <= 1 && declines(one));
  // Field by field: spreading costs three times as much, over thousands of rows with each change.
  const provider: Provider = {
    id: idOf(announcement),
    type: announcement.type,
    node: announcement.node,
    host: announcement.host,
    address: announcement.address,
    port: announcement.port,
    description: announcement.description,
    community: announcement.community,
    txt: announcement.txt,
    gossip: announcement.gossip,
    sources: SOURCE_ORDER.filter((name) => witnesses.some(({ status }) => status.name === name)),
    self: believed.sighting.self,
    barred: barredBy(announcement, options.allowed, isDeclined),
    stale: !witnesses.some((one) => isConfirmed(one, now)),
    heardAt: witnesses.reduce((latest, one) => Math.max(latest, heardAt(one, now)), 0),
    ...(Number.isFinite(believed.since) && { since: believed.since }),
    ...(contradictions.length > 0 && { contradictions }),
  };
  return { provider, announcer: believed.announcer };
}

/** Whether attributes differ: they say who the provider is, and whether it may be probed. */
function isOther(txt: Announcement['txt'], believed: Announcement['txt']): boolean {
  if (txt.size !== believed.size) return true;
  for (const [name, value] of txt) if (believed.get(name) !== value) return true;
  return false;
}

/** What others say, each once. */
function contradictionsOf(believed: Announcement, witnesses: readonly Witness[]): Contradiction[] {
  const found: Contradiction[] = [];
  for (const { sighting, status } of witnesses) {
    const { node, txt } = sighting.announcement;
    const isNew = isOther(txt, believed.txt) && found.every((known) => isOther(txt, known.txt));
    if (isNew && found.length < CONTRADICTIONS_CAP) found.push({ node, source: status.name, txt });
  }
  return found;
}

/**
 * Whoever announces `probe=none` is not probed; what else the attribute says (`probe=light`, `probe=full`) allows the
 * light probes, and there are no others. It counts where all say it, or one who is proven to be there: nobody silences a
 * neighbour.
 */
const declines = ({ sighting }: Witness) => sighting.announcement.txt.get('probe')?.toLowerCase() === 'none';

function barredBy(
  { address, port }: Announcement,
  allowed: (address: string) => boolean,
  isDeclined: boolean,
): Provider['barred'] {
  if (!allowed(address)) return 'not-allowed';
  if (isDeclined) return 'declined';
  return port === null ? 'no-port' : null;
}

/** A source that is away confirms nothing; nor does Serf a member that it lost longer ago than a lapse lasts. */
function isConfirmed({ sighting, status }: Witness, now: number): boolean {
  if (status.state !== 'up') return false;
  return status.name !== 'serf' || sighting.heardAt === null || now - sighting.heardAt < UNSURE_MS;
}

function heardAt({ sighting, status }: Witness, now: number): number {
  return sighting.heardAt ?? (status.state === 'up' ? now : (status.lastUp ?? 0));
}

/** What makes two announcements one provider; its id is only a hash of that. */
const placeOf = ({ type, address, port }: Announcement) => `${type}|${address}|${port ?? ''}`;

const ids = new WeakMap<Announcement, string>();

/** The provider's id; hashed once, as an announcement stays the same object until it changes. */
export function idOf(announcement: Announcement): string {
  const id = ids.get(announcement) ?? providerId(announcement);
  ids.set(announcement, id);
  return id;
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

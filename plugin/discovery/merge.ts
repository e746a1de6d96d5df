/** Many sightings, one list: each provider once, with the announcement that is most to be believed. Pure. */

import { SAME_ID } from '../announcement/skipped.js';
import { type Announcement, type Contradiction, type Provider, providerId } from '../model/provider.js';
import { admit, type Claim } from './budget.js';
import { onePerId } from './same-id.js';
import type { Sighting, SourceStatus, SourceType } from './source.js';

/** How long a lost announcer still counts as present, ms: where UDP is blocked, Serf's members come and go every 30 s. */
const LAPSE_MS = 2 * 60_000;

/** Other versions of a provider that are shown with it. */
const CONTRADICTIONS_CAP = 4;

/** What one source says. */
export interface Heard {
  readonly source: Pick<SourceType, 'id' | 'trust'>;
  readonly status: Pick<SourceStatus, 'state' | 'lastUp'>;
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
  readonly dropped: readonly Dropped[];
}

interface Dropped {
  /** Id of the source. */
  readonly source: string;
  readonly announcement: Pick<Announcement, 'node' | 'type'>;
  readonly reason: 'too-many' | typeof SAME_ID;
}

/** One announcement of one provider, with how much it is believed. */
interface Witness extends Claim {
  /** Id of the source. */
  readonly source: string;
  readonly sighting: Sighting;
  readonly status: Heard['status'];
  readonly rank: number;
  readonly since: number;
  /** Said by the owner or by this node itself. */
  readonly trusted: boolean;
}

interface Row {
  readonly provider: Provider;
  readonly announcer: string;
}

/** @param heard in the order in which a provider's sources are listed */
export function merge(heard: readonly Heard[], options: MergeOptions): Merged {
  const { isKnown = () => true } = options;
  const witnesses = heard
    .flatMap((source) => source.sightings.map((sighting) => toWitness(sighting, source, options.now)))
    .sort((one, other) => one.rank - other.rank || one.since - other.since || gossipsThere(other) - gossipsThere(one));
  const admitted = admit(witnesses, isKnown);
  const byProvider = new Map<string, [Witness, ...Witness[]]>();
  for (const witness of admitted) {
    const known = byProvider.get(witness.provider);
    if (known) known.push(witness);
    else byProvider.set(witness.provider, [witness]);
  }
  const order = heard.map(({ source }) => source.id);
  const rows = [...byProvider.values()].map((known) => toRow(known, order, options));
  const { listed, refused } = onePerId(onePerNode(rows));
  return {
    providers: listed.sort((a, b) => compare(a.type, b.type) || compare(a.node, b.node) || compare(a.id, b.id)),
    dropped: [
      ...witnesses
        .filter((witness) => !admitted.has(witness))
        .map(({ source, sighting }) => drop(source, sighting.announcement, 'too-many')),
      ...refused.flatMap((provider) => provider.sources.slice(0, 1).map((source) => drop(source, provider, SAME_ID))),
    ],
  };
}

const drop = (source: string, announcement: Dropped['announcement'], reason: Dropped['reason']): Dropped => ({
  source,
  announcement,
  reason,
});

/** Ranks: 0 the owner, 1 this node, 2 anyone present, 3 anyone lost. */
function toWitness(sighting: Sighting, { source, status }: Heard, now: number): Witness {
  const { announcement, self, certain, announcer, since = Number.NEGATIVE_INFINITY } = sighting;
  const rank = source.trust === 'owner' ? 0 : self && certain ? 1 : isGone(sighting, now) ? 3 : 2;
  return {
    ...{ provider: placeOf(announcement), type: announcement.type, address: announcement.address },
    announcer: announcer ?? source.id,
    trusted: rank <= 1,
    ...{ source: source.id, sighting, status, rank, since },
  };
}

/** Whether its source lost the announcer longer ago than a lapse lasts. */
function isGone({ isLost = false, heardAt }: Sighting, now: number): boolean {
  return isLost && heardAt !== null && now - heardAt >= LAPSE_MS;
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
function toRow(witnesses: [Witness, ...Witness[]], order: readonly string[], options: MergeOptions): Row {
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
    sources: order.filter((id) => witnesses.some(({ source }) => source === id)),
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
  for (const { sighting, source } of witnesses) {
    const { node, txt } = sighting.announcement;
    const isNew = isOther(txt, believed.txt) && found.every((known) => isOther(txt, known.txt));
    if (isNew && found.length < CONTRADICTIONS_CAP) found.push({ node, source, txt });
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

/** A source that is away confirms nothing. */
const isConfirmed = ({ sighting, status }: Witness, now: number) => status.state === 'up' && !isGone(sighting, now);

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

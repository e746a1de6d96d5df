/** Merges sightings into one list: each provider once, with its most credible announcement. Pure. */

import { SAME_ID } from '../announcement/skipped.js';
import { type Announcement, type Contradiction, type Provider, providerId, providerKey } from '../model/provider.js';
import { admit, type Claim } from './budget.js';
import { onePerId } from './same-id.js';
import type { Sighting, SourceStatus, SourceType } from './source.js';

/** How long a lost announcer still counts as present, ms: where UDP is blocked, Serf's members come and go every 30 s. */
const LAPSE_MS = 2 * 60_000;

/** Other versions of a provider that are shown with it. */
const CONTRADICTIONS_CAP = 4;

/** What one source says. */
export interface SourceReport {
  readonly source: Pick<SourceType, 'id' | 'trust'>;
  readonly status: Pick<SourceStatus, 'state' | 'lastUp'>;
  readonly sightings: readonly Sighting[];
}

export interface MergeOptions {
  /** Whether an address may be probed. */
  readonly allowed: (address: string) => boolean;
  /** ms since the epoch */
  readonly now: number;
  /** When a time of the sources, such as `now`, was; it is its own date where left out. */
  readonly date?: (moment: number) => number;
  /** Whether the panel knows the service type; of unknown ones only so many are listed. */
  readonly isKnown?: (type: string) => boolean;
  /** Whether the announcing member is proven to be at its address. Called only where announcers disagree. */
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

/** One announcement of one provider, and how credible it is. */
interface Witness extends Claim {
  /** Id of the source. */
  readonly source: string;
  readonly sighting: Sighting;
  readonly status: SourceReport['status'];
  readonly rank: number;
  readonly since: number;
  /** Said by the owner or by this node itself. */
  readonly trusted: boolean;
}

interface Row {
  readonly provider: Provider;
  readonly announcer: string;
}

/** @param reports in the order in which a provider's sources are listed */
export function merge(reports: readonly SourceReport[], options: MergeOptions): Merged {
  const { isKnown = () => true } = options;
  const witnesses = reports
    .flatMap((report) => report.sightings.map((sighting) => toWitness(sighting, report, options.now)))
    .sort((a, b) => a.rank - b.rank || a.since - b.since || gossipsThere(b) - gossipsThere(a));
  const admitted = admit(witnesses, isKnown);
  const byProvider = new Map<string, [Witness, ...Witness[]]>();
  for (const witness of admitted) {
    const known = byProvider.get(witness.provider);
    if (known) known.push(witness);
    else byProvider.set(witness.provider, [witness]);
  }
  const order = reports.map(({ source }) => source.id);
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
function toWitness(sighting: Sighting, { source, status }: SourceReport, now: number): Witness {
  const { announcement, self, certain, announcer, since = Number.NEGATIVE_INFINITY } = sighting;
  const rank = source.trust === 'owner' ? 0 : self && certain ? 1 : isGone(sighting, now) ? 3 : 2;
  return {
    ...{ provider: providerKey(announcement), type: announcement.type, address: announcement.address },
    announcer: announcer ?? source.id,
    trusted: rank <= 1,
    ...{ source: source.id, sighting, status, rank, since },
  };
}

/** Whether its source lost the announcer longer ago than a lapse lasts. */
function isGone({ isLost = false, heardAt }: Sighting, now: number): boolean {
  return isLost && heardAt !== null && now - heardAt >= LAPSE_MS;
}

/** Whether it claims to gossip from the announced address: a mere claim, so only a tie-breaker. */
const gossipsThere = ({ sighting: { announcement } }: Witness) =>
  Number(announcement.gossip?.address === announcement.address);

/**
 * A node that announces the same service over IPv4 and IPv6 has one row: the IPv4 one, which more neighbours reach, unless
 * only the other may be probed.
 */
function onePerNode(rows: readonly Row[]): Provider[] {
  const isV6 = ({ provider }: Row) => provider.address.includes(':');
  const v6Rows = rows.filter(isV6);
  if (v6Rows.length === 0) return rows.map(({ provider }) => provider);
  const v4Rows = new Map(rows.filter((row) => !isV6(row)).map((row) => [contentKey(row), row]));
  const duplicates = new Set(
    v6Rows.map((v6) => {
      const v4 = v4Rows.get(contentKey(v6));
      return v4?.provider.barred === 'not-allowed' && v6.provider.barred !== 'not-allowed' ? v4 : v4 && v6;
    }),
  );
  return rows.filter((row) => !duplicates.has(row)).map(({ provider }) => provider);
}

/** Everything but the address, and the announcer: no row disappears behind another announcer's. */
function contentKey({ provider, announcer }: Row): string {
  const { type, node, host, port, description, txt, gossip, self } = provider;
  return JSON.stringify([announcer, type, node, host, port, description, ...txt, gossip, self]);
}

/**
 * One provider from all its announcers. The owner's list is believed first, then this node, then announcers that are present,
 * then lost ones; among equals, the earliest. So no stranger renames, silences or takes over a neighbour's service by
 * announcing it too. Where announcers disagree, one that is proven to be at the address outranks mere claims.
 */
function toRow(witnesses: [Witness, ...Witness[]], order: readonly string[], options: MergeOptions): Row {
  const { now, date = (moment) => moment, isProven = () => false } = options;
  const first = witnesses[0];
  const { node, txt } = first.sighting.announcement;
  const isDisputed = witnesses.some(
    ({ sighting: { announcement } }) => announcement.node !== node || differs(announcement.txt, txt),
  );
  const proven = witnesses.filter(({ sighting }) => isDisputed && first.rank > 1 && isProven(sighting.announcement));
  const believed = proven[0] ?? first;
  const { announcement } = believed.sighting;
  const contradictions = isDisputed ? findContradictions(announcement, witnesses) : [];
  const isDeclined =
    witnesses.every(declines) ||
    proven.some(declines) ||
    witnesses.some((witness) => witness.trusted && declines(witness));
  // Field by field: spreading takes three times as long, over thousands of rows with each change.
  const provider: Provider = {
    id: providerIdOf(announcement),
    type: announcement.type,
    node: announcement.node,
    host: announcement.host,
    address: announcement.address,
    port: announcement.port,
    description: announcement.description,
    community: announcement.community,
    txt: announcement.txt,
    gossip: findEncrypted(witnesses, announcement.address) ?? announcement.gossip,
    sources: order.filter((id) => witnesses.some(({ source }) => source === id)),
    self: believed.sighting.self,
    barred: findBar(announcement, options.allowed, isDeclined),
    stale: !witnesses.some((witness) => isConfirmed(witness, now)),
    heardAt: date(witnesses.reduce((latest, witness) => Math.max(latest, heardAt(witness, now)), 0)),
    ...(Number.isFinite(believed.since) && { since: date(believed.since) }),
    ...(contradictions.length > 0 && { contradictions }),
  };
  return { provider, announcer: believed.announcer };
}

/** Where an agent of our own encrypted community is at that address, whoever's announcement is believed. */
function findEncrypted(witnesses: readonly Witness[], address: string): Announcement['gossip'] {
  const isThere = ({ gossip }: Announcement) => gossip?.encrypted === true && gossip.address === address;
  return witnesses.find(({ sighting }) => isThere(sighting.announcement))?.sighting.announcement.gossip ?? null;
}

/** Whether attributes differ: they identify the provider, and may decline probes. */
function differs(txt: Announcement['txt'], believed: Announcement['txt']): boolean {
  if (txt.size !== believed.size) return true;
  for (const [name, value] of txt) if (believed.get(name) !== value) return true;
  return false;
}

/** Other versions, each once. */
function findContradictions(believed: Announcement, witnesses: readonly Witness[]): Contradiction[] {
  const found: Contradiction[] = [];
  for (const { sighting, source } of witnesses) {
    const { node, txt } = sighting.announcement;
    const isNew = differs(txt, believed.txt) && found.every((known) => differs(txt, known.txt));
    if (isNew && found.length < CONTRADICTIONS_CAP) found.push({ node, source, txt });
  }
  return found;
}

/**
 * `probe=none` declines probes; any other value (`probe=light`, `probe=full`) allows the light probes, the only ones there
 * are. It counts where every announcer says so, or one that is proven to be there: nobody silences a neighbour.
 */
const declines = ({ sighting }: Witness) => sighting.announcement.txt.get('probe')?.toLowerCase() === 'none';

function findBar(
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

const ids = new WeakMap<Announcement, string>();

/** The provider's id, hashed once: an announcement stays the same object until it changes. */
export function providerIdOf(announcement: Announcement): string {
  const id = ids.get(announcement) ?? providerId(announcement);
  ids.set(announcement, id);
  return id;
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

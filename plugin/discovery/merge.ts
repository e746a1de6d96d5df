/** Many sightings, one list: each provider once, with the announcement that is most to be believed. Pure. */
import { type Announcement, type Provider, providerId, type SourceName } from '../provider.js';
import type { Sighting, SourceStatus } from './source.js';

/** From the one most to be believed on. */
const SOURCE_ORDER: readonly SourceName[] = ['serf', 'list', 'avahi', 'demo'];

/** How long a member that Serf has lost is still taken for there, ms: where UDP is blocked it comes and goes every 30 s. */
const UNSURE_MS = 2 * 60_000;

export interface Heard {
  readonly status: Pick<SourceStatus, 'name' | 'state' | 'lastUp'>;
  readonly sightings: readonly Sighting[];
}

interface Witness {
  readonly sighting: Sighting;
  readonly status: Heard['status'];
}

/**
 * @param allowed whether an address may be probed
 * @param now ms since the epoch
 * @returns by type, then node, then id
 */
export function merge(heard: readonly Heard[], allowed: (address: string) => boolean, now: number): Provider[] {
  const byKey = new Map<string, Witness[]>();
  for (const { status, sightings } of heard) {
    for (const sighting of sightings) {
      const { type, address, port } = sighting.announcement;
      const key = `${type}|${address}|${port ?? ''}`;
      const witnesses = byKey.get(key);
      if (witnesses) witnesses.push({ sighting, status });
      else byKey.set(key, [{ sighting, status }]);
    }
  }
  const providers = onePerNode([...byKey.values()].map((witnesses) => joined(witnesses, allowed, now)));
  return providers.sort((a, b) => compare(a.type, b.type) || compare(a.node, b.node) || compare(a.id, b.id));
}

/**
 * A node that announces the same service at an IPv4 and at an IPv6 address has one row: the IPv4 one, which more neighbours
 * reach, unless only the other may be probed.
 */
function onePerNode(providers: Provider[]): Provider[] {
  const isV6 = ({ address }: Provider) => address.includes(':');
  const sixes = providers.filter(isV6);
  if (sixes.length === 0) return providers;
  const fours = new Map(providers.filter((one) => !isV6(one)).map((one) => [sayingOf(one), one]));
  const doubled = new Set(
    sixes.map((six) => {
      const four = fours.get(sayingOf(six));
      return four?.barred === 'not-allowed' && six.barred !== 'not-allowed' ? four : four && six;
    }),
  );
  return providers.filter((one) => !doubled.has(one));
}

/** All but the address. Where it gossips is no stranger's to say: nobody's row disappears behind that of another member. */
function sayingOf({ type, node, host, port, description, txt, gossip, sources: [source], self }: Provider): string {
  return JSON.stringify([type, node, host, port, description, ...txt, gossip, source, self]);
}

function joined(witnesses: Witness[], allowed: (address: string) => boolean, now: number): Provider {
  const [first] = (witnesses.length > 1 ? witnesses.sort(byTrust) : witnesses) as [Witness, ...Witness[]];
  const { announcement, self } = first.sighting;
  // Field by field: spreading costs three times as much, over thousands of rows with each change.
  return {
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
    self,
    barred: barredBy(announcement, allowed),
    stale: !witnesses.some((witness) => isConfirmed(witness, now)),
    heardAt: Math.max(...witnesses.map((witness) => heardAt(witness, now))),
  };
}

/**
 * Whose texts count where several announce the same address and port: the node that gossips from this very address,
 * then this node itself. So a stranger cannot give a good provider another identity by announcing its address.
 */
function byTrust(a: Witness, b: Witness): number {
  const rank = ({ sighting: { announcement, self } }: Witness) =>
    announcement.gossip?.address === announcement.address ? 0 : self ? 1 : 2;
  const order = ({ status }: Witness) => SOURCE_ORDER.indexOf(status.name);
  const node = ({ sighting }: Witness) => sighting.announcement.node;
  return rank(a) - rank(b) || order(a) - order(b) || compare(node(a), node(b));
}

/**
 * Whoever announces `probe=none` is not probed; what else the attribute says (`probe=light`, `probe=full`) allows the
 * light probes, and there are no others. Only the announcement that is believed counts: nobody silences a neighbour.
 */
function barredBy({ address, port, txt }: Announcement, allowed: (address: string) => boolean): Provider['barred'] {
  if (!allowed(address)) return 'not-allowed';
  if (txt.get('probe')?.toLowerCase() === 'none') return 'declined';
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

const ids = new WeakMap<Announcement, string>();

/** The provider's id; hashed once, as an announcement stays the same object until it changes. */
export function idOf(announcement: Announcement): string {
  const id = ids.get(announcement) ?? providerId(announcement);
  ids.set(announcement, id);
  return id;
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

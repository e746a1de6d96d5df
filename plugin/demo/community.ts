/** What a made-up community is made of. */
import type { SkippedRow } from '../announcement/skipped.js';
import type { Recognise } from '../discovery/source.js';
import type { Announcement } from '../model/provider.js';

export type Behaviour =
  | 'serves'
  /** Nothing listens. */
  | 'dead'
  /** Accepts and says nothing; swallows datagrams. */
  | 'hangs'
  /** A web server on the service's port. */
  | 'lies'
  /** The right protocol, with another identity than announced. */
  | 'impostor'
  /** Knows nothing of guifi.net: a plain resolver, a proxy that anybody may use. */
  | 'generic'
  /** A name server that has an answer for names that cannot exist. */
  | 'hijacks'
  /** Says itself that it is out of order. */
  | 'breaks'
  /** A channel on which nothing is shown. */
  | 'empty'
  /** A tinc of the time when it greeted strangers. */
  | 'old';

export interface Node {
  /** Last part of its address. */
  readonly at: number;
  /** Of its path: answers come after `delay` ± `jitter` ms; `loss` is the share of datagrams lost. */
  readonly delay: number;
  readonly jitter: number;
  readonly loss: number;
  /** Time of each further kilobyte, ms: 8 is 1 Mbit/s. */
  readonly width: number;
}

export interface Member {
  /** One of the community's nodes. */
  readonly node: string;
  readonly type: keyof typeof PORTS;
  readonly behaves: Behaviour;
  readonly description: string;
  /** That of its type when left out. */
  readonly port?: number;
  /** Index of the identity that it announces, for types that announce one. */
  readonly announces?: number;
}

/** Away from the services' own ports, so that nothing real is in the way. */
export const PORTS = {
  dnsservice: 20053,
  ntp: 20123,
  other: 20999,
  owncloud: 20443,
  owp: 23000,
  peerstreamer: 26010,
  proxy3: 23128,
  serf: 25000,
  snpservice: 20080,
  syncthing: 22000,
  'tahoe-lafs': 28228,
  tincvpn: 20655,
  voip: 25060,
  web: 20080,
} as const;

/** How it went with a node on a day of the past. */
export type Story = (daysAgo: number) => 'works' | 'slow' | 'fails' | 'unknown';

export interface AnnounceContext {
  addressOf(node: string): string;
  readonly recognise: Recognise;
  /** ms since the epoch */
  readonly now: () => number;
}

/** What its neighbours hear of it. */
export interface Announced {
  /** Of every member, in their order; then perhaps of more, which cannot be measured. */
  readonly found: readonly { readonly announcement: Announcement; readonly announcer?: string }[];
  readonly skipped: readonly SkippedRow[];
}

export interface Community {
  /** Id of the source that it comes from; null = it is a source of its own. */
  readonly source: string | null;
  readonly nodes: Readonly<Record<string, Node>>;
  readonly members: readonly Member[];
  /** What happened to whom; the others behaved as they do today. */
  readonly stories: Readonly<Record<string, Story>>;
  /** Whether every node has a Serf agent, by which its path is measured; `ping` measures it elsewhere. */
  readonly gossips: boolean;
  announce(context: AnnounceContext): Announced;
}

/** @throws Error where it has no such node: a mistake of ours */
export function nodeOf({ nodes }: Pick<Community, 'nodes'>, name: string): Node {
  const node = nodes[name];
  if (node === undefined) throw new Error(`there is no node ${name}`);
  return node;
}

/** What one neighbour announces, as every room sees it: plain, checked, capped data. */
import { hash } from 'node:crypto';

/** Where a member of the Serf community gossips. */
export interface Gossip {
  readonly address: string;
  readonly port: number;
  /** This node's agent exchanges encrypted gossip with it there: whoever else asks, such as this program, gets no answer. */
  readonly encrypted?: true;
}

/** One service announced by one source. Every text came from a stranger: capped here, escaped wherever it is shown. */
export interface Announcement {
  /** Id of the service type, as announced. */
  readonly type: string;
  /** Name of the announcing node (Serf member name, Avahi host name, or the host of a hand-kept line). */
  readonly node: string;
  readonly host: string;
  /** A literal IPv4 or IPv6 address; names are never looked up on a stranger's behalf. */
  readonly address: string;
  /** 1..65535, or null where the announcement has none. */
  readonly port: number | null;
  readonly description: string;
  /** Name of the community ("microcloud") that the announcement belongs to; may be empty. */
  readonly community: string;
  /** Free `k=v` attributes, in the order announced. */
  readonly txt: ReadonlyMap<string, string>;
  /** Where the announcing node gossips, when it announces through Serf: the way to measure its path. */
  readonly gossip: Gossip | null;
}

/** What another announcer says about the same provider. */
export interface Contradiction extends Pick<Announcement, 'node' | 'txt'> {
  /** Id of the source. */
  readonly source: string;
}

/** One row of the list: one type, address, port and folder, however many sources announce it. */
export interface Provider extends Announcement {
  readonly id: string;
  /** Ids of the sources that announce it. */
  readonly sources: readonly string[];
  /** Announced by this very node. */
  readonly self: boolean;
  /** Why this provider may not be probed; null when it may. */
  readonly barred: 'not-allowed' | 'no-port' | 'declined' | null;
  /** Still listed, but no longer confirmed by any source. */
  readonly stale: boolean;
  /** When a source last confirmed it, ms since the epoch. */
  readonly heardAt: number;
  /** When an announcer that is still there first announced it, ms since the epoch; absent = always. */
  readonly since?: number;
  /** Other announcers' versions, which are not believed; absent where there are none. */
  readonly contradictions?: readonly Contradiction[];
}

/** Digits of the SHA-256 in an id: 128 bits. */
const ID_DIGITS = 32;

/** The announced folder (`path=`, as in DNS-SD, RFC 6763 §6), where it is a plain path; else the root. */
export function plainPath(txt: ReadonlyMap<string, string>): string {
  const path = txt.get('path');
  return path !== undefined && path.length <= 200 && /^(\/[\w.~%-]+){1,20}\/?$/.test(path) ? path : '/';
}

type Identified = Pick<Announcement, 'type' | 'address' | 'port'> & Partial<Pick<Announcement, 'txt' | 'description'>>;

/**
 * What makes two announcements one provider: type, address and port, and the folder where one is announced. Without a port
 * it is a mere text, and what it says tells it from its node's other texts, whatever source it came by.
 */
export function providerKey({ type, address, port, txt, description = '' }: Identified): string {
  if (port === null) return `${type}|${address}||text ${description}`;
  const path = txt === undefined ? '/' : plainPath(txt);
  return `${type}|${address}|${port}${path === '/' ? '' : `|${path.replace(/\/$/, '')}`}`;
}

/**
 * Stable id of a provider, whoever announces it. 32 hexadecimal digits: with the earlier 12, anybody could make two providers
 * of one id within seconds.
 */
export function providerId(of: Identified): string {
  return hash('sha256', providerKey(of)).slice(0, ID_DIGITS);
}

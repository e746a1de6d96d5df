/**
 * Services that are announced as links, as routers do. Links may carry user names, passwords and queries, which are their
 * owner's mistake: they are taken out here, before anything is stored.
 */
import { withoutSecretPairs } from '../../announcement/entry.js';
import { publicText, withoutSecrets } from '../../announcement/secrets.js';
import { canonicalAddress } from '../../lib/address.js';
import { type Announcement, plainPath } from '../../model/provider.js';
import type { Recognise } from '../source.js';

export type LinkProblem = 'bad-link' | 'bad-port' | 'unknown-name';

/** One announced service, as its announcer wrote it. */
export interface LinkedService {
  readonly link: string;
  readonly name: string;
  /** Words that say what it is, in lower case, beside those of its name. */
  readonly words?: readonly string[];
  /** Name of the announcing node. */
  readonly node: string;
  /** Further attributes, as announced. */
  readonly txt?: Iterable<readonly [string, string]>;
}

export interface LinkContext {
  readonly recognise: Recognise;
  /** The address of a name by what came along with the announcements; null where it is not among it. */
  addressOf(name: string): string | null;
}

/** Where nothing recognises it. */
const UNKNOWN_TYPE = 'other';
const LINK_CAP = 1_024;
const WORDS_CAP = 16;

/** Ports of links that name none. */
const PORTS: Readonly<Record<string, number>> = {
  ...{ http: 80, https: 443, ftp: 21, ssh: 22, sftp: 22, telnet: 23, domain: 53, dns: 53, ntp: 123, rtsp: 554 },
  ...{ sip: 5060, sips: 5061, mumble: 64_738, irc: 6_667, ircs: 6_697, mqtt: 1_883, xmpp: 5_222, dav: 80, davs: 443 },
};
/** Folders mean something only there. */
const OF_THE_WEB: ReadonlySet<string> = new Set(['http', 'https', 'dav', 'davs']);

/** The service that the link leads to, or why it cannot be used. */
export function announceLink(
  service: LinkedService,
  { recognise, addressOf }: LinkContext,
): Announcement | LinkProblem {
  const link = readLink(service.link);
  if (typeof link === 'string') return link;
  const { scheme, host, port, path } = link;
  const address = canonicalAddress(host) ?? addressOf(host);
  if (address === null) return 'unknown-name';
  const description = publicText(service.name);
  const words = [...(service.words ?? []), ...wordsOf(description)];
  const type = recognise({ scheme, port, words }) ?? UNKNOWN_TYPE;
  const txt = new Map([
    ...(path === '/' || !(type === UNKNOWN_TYPE || OF_THE_WEB.has(scheme)) ? [] : [['path', path] as const]),
    ...(type === UNKNOWN_TYPE || scheme === 'https' ? [['scheme', scheme] as const] : []),
    ...withoutSecretPairs(new Map(service.txt ?? [])),
  ]);
  const plain = canonicalAddress(host) === null ? publicText(host) : '';
  const announcement = { type, node: service.node, host: plain, address, port, description, community: '', txt };
  return { ...announcement, gossip: null };
}

/** A service that has no link, only a text: listed, never measured. */
export function announceText({ name, node, txt = [] }: Omit<LinkedService, 'link'>, address: string): Announcement {
  const description = publicText(name);
  return {
    ...{ type: UNKNOWN_TYPE, node, host: '', address, port: null, description, community: '' },
    ...{ txt: withoutSecretPairs(new Map(txt)), gossip: null },
  };
}

interface Link {
  readonly scheme: string;
  /** A name in lower case, or a literal address. */
  readonly host: string;
  readonly port: number | null;
  /** `/` where it is not a plain one. */
  readonly path: string;
}

/** User, password, query and fragment stay behind. */
function readLink(text: string): Link | LinkProblem {
  if (text.length > LINK_CAP || !/^[a-z][a-z\d+.-]{0,15}:\/\/[^/]/i.test(text)) return 'bad-link';
  // A port of 0 is how old routers write "none".
  const withPort = text.replace(/^([^/]*\/\/[^/?#]*):0(?=[/?#]|$)/, '$1:1');
  if (!URL.canParse(text)) return /:\d+(?=[/?#]|$)/.test(text) ? 'bad-port' : 'bad-link';
  const { protocol, hostname, port, pathname } = new URL(text);
  const scheme = protocol.slice(0, -1);
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (!/^[\w.:-]{1,253}$/.test(host)) return 'bad-link';
  const number = withPort === text ? Number(port) || PORTS[scheme] || null : null;
  const folder = withoutSecrets(pathname) === pathname ? pathname : '/';
  return { scheme, host, port: number, path: plainPath(new Map([['path', folder]])) };
}

const wordsOf = (name: string) => name.toLowerCase().split(/[^\p{L}\d]+/u, WORDS_CAP);

/**
 * The services of an AREDN mesh, as one of its nodes lists them without a login. Its own format: sysinfo with `services` and
 * `hosts`, under the address of today or those of older firmware.
 */
import type { SkippedRow } from '../../../announcement/skipped.js';
import { canonicalAddress } from '../../../lib/address.js';
import { cleanText } from '../../../lib/text.js';
import type { Announcement } from '../../../model/provider.js';
import { download, NoSuchFile } from '../../polled/download.js';
import { type Found, PolledSource, type Reading } from '../../polled/index.js';
import { announceLink, announceText, type LinkContext, type LinkProblem } from '../../polled/link.js';
import type { SourceContext, SourceType } from '../../source.js';
import { defaultGateway } from './gateway.js';

const EVERY_MS = 5 * 60_000;
const QUERY = '?services=1&hosts=1';
/** Of today's firmware first; the last by its own port. */
const PATHS = [':80/a/sysinfo', ':80/cgi-bin/sysinfo.json', ':8080/cgi-bin/sysinfo.json'];
/** An owner who names a port means that one. */
const PATHS_AT_A_PORT = ['/a/sysinfo', '/cgi-bin/sysinfo.json'];

/** Where a node may list its services. @param node host, or host:port */
function sysinfoAddresses(node: string): URL[] {
  const paths = /[^:]:\d+$/.test(node) ? PATHS_AT_A_PORT : PATHS;
  return paths.map((path) => new URL(`http://${node}${path}${QUERY}`));
}

/** Reads the list where it was found the last time; looks for it at first, and where it has moved. */
class Node {
  #addresses: readonly URL[];

  constructor(node: string) {
    this.#addresses = sysinfoAddresses(node);
  }

  async list(signal: AbortSignal): Promise<Buffer> {
    let failure: unknown;
    for (const address of this.#addresses) {
      try {
        const list = await download(address, signal);
        this.#addresses = [address, ...this.#addresses.filter((other) => other !== address)];
        return list;
      } catch (error) {
        // The node itself is more telling than a port on which nothing listens.
        failure = failure instanceof NoSuchFile ? failure : error;
        if (signal.aborted) break;
      }
    }
    throw failure;
  }
}

/** Old nodes put single bytes into their texts that are no UTF-8. */
const decoder = new TextDecoder();

type Row = Readonly<Record<string, unknown>>;

/** @throws Error where it is no list of services */
export function readSysinfo(body: Uint8Array, { recognise, now }: Pick<SourceContext, 'recognise' | 'now'>): Reading {
  const { services, hosts } = parse(decoder.decode(body));
  if (!Array.isArray(services)) throw new Error('it lists no services');
  const names = new Names(Array.isArray(hosts) ? hosts : []);
  const context: LinkContext = { recognise, addressOf: (name) => names.address(name) };
  const found: Found[] = [];
  const skipped: SkippedRow[] = [];
  for (const row of services as readonly unknown[]) {
    const service = (typeof row === 'object' && row !== null ? row : {}) as Row;
    const origin = typeof service.ip === 'string' ? canonicalAddress(service.ip) : null;
    const node = (origin && names.name(origin)) ?? origin;
    const result = toAnnouncement(service, origin, node, context);
    if (typeof result === 'string') skipped.push({ node, type: null, reason: result, heardAt: now() });
    else found.push({ announcement: result, announcer: `aredn ${origin}` });
  }
  return { found, skipped };
}

function parse(text: string): Row {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Row) : {};
  } catch {
    // V8's message quotes what it has read.
    throw new Error('it is not JSON, or only a part of it');
  }
}

function toAnnouncement(
  { name, link }: Row,
  origin: string | null,
  node: string | null,
  context: LinkContext,
): Announcement | LinkProblem | 'bad-entry' | 'bad-address' {
  if (typeof name !== 'string') return 'bad-entry';
  if (origin === null || node === null) return 'bad-address';
  const [, title = name, kind] = /^(.+) \[([a-z]{1,16})\]$/s.exec(name) ?? [];
  const txt = kind === undefined ? [] : [['kind', kind] as const];
  if (typeof link !== 'string' || link === '') return announceText({ name: title, node, txt }, origin);
  const service = { link, name: title, words: kind === undefined ? [] : [kind], node, txt };
  const announcement = announceLink(service, context);
  // A bookmark of the router's own: it leads elsewhere.
  const isBookmark = typeof announcement !== 'string' && announcement.txt.get('path') === '/a/redirect';
  return isBookmark ? announceText(service, origin) : announcement;
}

/** The names that came along, and no others: none is ever looked up. */
class Names {
  readonly #addresses = new Map<string, string>();
  readonly #names = new Map<string, string>();

  constructor(hosts: readonly unknown[]) {
    for (const host of hosts) {
      const { name, ip } = (typeof host === 'object' && host !== null ? host : {}) as Row;
      const address = typeof ip === 'string' ? canonicalAddress(ip) : null;
      if (typeof name !== 'string' || address === null) continue;
      const key = plain(name);
      if (!this.#addresses.has(key)) this.#addresses.set(key, address);
      if (!this.#names.has(address)) this.#names.set(address, cleanText(name));
    }
  }

  address(name: string): string | null {
    return this.#addresses.get(plain(name)) ?? null;
  }

  name(address: string): string | null {
    return this.#names.get(address) || null;
  }
}

const plain = (name: string) => name.toLowerCase().replace(/\.local\.mesh$/, '');

/** The node of the setting; with `auto` this machine's router, which is asked once and left alone if it is none. */
function open(setting: string, context: SourceContext): PolledSource {
  const host = setting === 'auto' ? defaultGateway() : setting;
  const node = host === null ? null : new Node(host);
  let isKnown = setting !== 'auto';
  const read = async (signal: AbortSignal): Promise<Reading | null> => {
    if (node === null) return null;
    try {
      const reading = readSysinfo(await node.list(signal), context);
      isKnown = true;
      return reading;
    } catch (error) {
      if (isKnown) throw error;
      return null;
    }
  };
  const hint = 'Open the node’s own page in a browser on this machine. If that fails too, correct AREDN_NODE.';
  return new PolledSource({ read, everyMs: EVERY_MS, error: { code: 'aredn-away', hint } }, context);
}

const aredn: SourceType = {
  id: 'aredn',
  title: { ca: 'AREDN', es: 'AREDN', en: 'AREDN' },
  order: 40,
  trust: 'anyone',
  isSet: ({ arednNode }) => arednNode !== null,
  open: ({ arednNode }, context) => (arednNode === null ? null : open(arednNode, context)),
};
export default aredn;

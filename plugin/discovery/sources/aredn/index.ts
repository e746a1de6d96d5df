/**
 * The services of an AREDN mesh, as one of its nodes lists them without a login. Its own format: sysinfo with `services` and
 * `hosts`, under the address of today or those of older firmware.
 */

import { publicText } from '../../../announcement/secrets.js';
import type { SkippedRow } from '../../../announcement/skipped.js';
import { canonicalAddress } from '../../../lib/address.js';
import type { Announcement } from '../../../model/provider.js';
import { defaultGateway } from '../../machine.js';
import { type Found, PolledSource, type Reading } from '../../polled/index.js';
import { announceLink, announceText, type LinkContext, type LinkProblem } from '../../polled/link.js';
import type { SourceContext, SourceType } from '../../source.js';
import { detectRouter, Node, type Row } from './node.js';

const EVERY_MS = 5 * 60_000;
const QUERY = '?services=1&hosts=1';
/** @throws Error where it is no list of services */
export function readSysinfo(
  { services, hosts }: Row,
  { recognise, now }: Pick<SourceContext, 'recognise' | 'now'>,
): Reading {
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
      if (!this.#names.has(address)) this.#names.set(address, publicText(name));
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
  const node = host === null ? null : new Node(host, QUERY);
  let isKnown = setting !== 'auto';
  const read = async (signal: AbortSignal): Promise<Reading | null> => {
    if (node === null) return null;
    try {
      const reading = readSysinfo(await node.sysinfo(signal), context);
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
  title: { ca: 'AREDN', es: 'AREDN', en: 'AREDN', de: 'AREDN' },
  order: 40,
  trust: 'anyone',
  isSet: ({ arednNode }) => arednNode !== null,
  detect: (_, machine, signal) => detectRouter(machine, signal),
  open: ({ arednNode }, context) => (arednNode === null ? null : open(arednNode, context)),
};
export default aredn;

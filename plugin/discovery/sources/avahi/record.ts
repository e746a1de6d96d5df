/** Records of multicast DNS, read from a stranger's packet, checked and capped. RFC 6762, RFC 6763. */
import type { Answer, Packet } from 'dns-packet';
import { type EntryProblem, readEntry } from '../../../announcement/entry.js';
import { canonicalAddress, rangeList } from '../../../lib/address.js';
import { cleanText } from '../../../lib/text.js';
import type { Announcement } from '../../../model/provider.js';

/** The name whose answers are the types on the link (RFC 6763 §9). */
export const ALL_TYPES = '_services._dns-sd._udp.local';
/** Some types are longer than the standard's 15 characters. */
const TYPE_NAME = /^_([A-Za-z0-9][A-Za-z0-9_-]{0,31})\._(?:tcp|udp)\.local$/i;
/** Labels are joined by dots, and the first may itself hold dots. */
const INSTANCE_NAME = /^(.+)\.(_[^.]+\._(?:tcp|udp)\.local)$/is;

/** Attributes of an instance, and characters of all of them together. */
const PAIRS_CAP = 32;
const TXT_CAP = 1024;
const MAX_TTL_MS = 75 * 60_000;

/** Opcode and response code: anything but zero is ignored (RFC 6762 §18.3, §18.11). */
const MUST_BE_ZERO = 0x780f;

/** Addresses that cannot lead to one other machine: of this host, of one link, of many machines. */
const UNUSABLE = rangeList([
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/3',
  '::/127',
  'fe80::/10',
  'ff00::/8',
]);

export type Kind = 'PTR' | 'SRV' | 'TXT' | 'A' | 'AAAA';

export interface Fact {
  readonly kind: Kind;
  readonly name: string;
  /** PTR: name; SRV: target, port; TXT: its strings; A and AAAA: address. */
  readonly data: readonly string[];
  /** ms; 0 withdraws the record. */
  readonly ttl: number;
  /** Whether it replaces earlier values (RFC 6762 §10.2). */
  readonly flush: boolean;
}

/** The records of a response that may describe a service. */
export function readFacts({ type, flags = 0, answers = [], additionals = [] }: Packet): readonly Fact[] {
  if (type !== 'response' || (flags & MUST_BE_ZERO) !== 0) return [];
  return [...answers, ...additionals].flatMap((answer) => readFact(answer) ?? []);
}

function readFact(answer: Answer): Fact | null {
  if (answer.type === 'OPT' || !('ttl' in answer) || answer.class !== 'IN') return null;
  const data = readData(answer);
  if (data === null) return null;
  const { name, ttl = 0, flush = false } = answer;
  return { kind: answer.type as Kind, name, data, ttl: Math.min(ttl * 1000, MAX_TTL_MS), flush };
}

function readData(answer: Answer): readonly string[] | null {
  if (answer.type === 'PTR') return isValidPointer(lower(answer.name), answer.data) ? [answer.data] : null;
  if (answer.type === 'SRV') return [answer.data.target, `${answer.data.port}`];
  if (answer.type === 'TXT') return readStrings([answer.data].flat());
  if (answer.type !== 'A' && answer.type !== 'AAAA') return null;
  const address = canonicalAddress(answer.data);
  return address === null ? null : [address];
}

/** A pointer leads from the list of types to a type, or from a type to one of its instances. */
function isValidPointer(name: string, to: string): boolean {
  return name === ALL_TYPES ? TYPE_NAME.test(to) : lower(readTypeName(to)) === name;
}

/** Invalid UTF-8 becomes replacement characters. */
function readStrings(all: readonly (string | Buffer)[]): readonly string[] {
  let left = TXT_CAP;
  const strings = all.slice(0, PAIRS_CAP).map(String);
  return strings.filter((text) => {
    left -= text.length;
    return left >= 0;
  });
}

/** Lower case of ASCII letters only, as DNS compares names. */
export const lower = (name: string) => name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

/** Records of one kind and name belong together. */
export const recordKey = (kind: Kind, name: string) => `${kind} ${lower(name)}`;

/** The service type in the name of a type. */
export const readTypeId = (typeName: string) => TYPE_NAME.exec(typeName)?.[1] ?? '';

/** The type in the name of an instance. */
export const readTypeName = (instance: string) => INSTANCE_NAME.exec(instance)?.[2] ?? '';

/** The label of an instance: what it calls itself. */
const readLabel = (instance: string) => INSTANCE_NAME.exec(instance)?.[1] ?? '';

/** Whether the name survives being put into a question: an encoder splits at every dot. */
export function isAskable(name: string): boolean {
  if (/[\p{Cc}\ufffd]/u.test(name) || readLabel(name).includes('.')) return false;
  return name.split('.').every((label) => label !== '' && Buffer.byteLength(label) < 64);
}

/**
 * A complete instance as an announcement, at the first usable address; or why it must be skipped.
 * @param srv, txt data of these records
 */
export function readService(
  type: string,
  instance: string,
  srv: readonly string[],
  txt: readonly string[],
  addresses: readonly string[],
): Announcement | EntryProblem {
  const [target, port] = srv;
  const address = addresses.find((candidate) => !UNUSABLE.check(candidate, candidate.includes(':') ? 'ipv6' : 'ipv4'));
  const entry = readEntry({ s: type, d: readLabel(instance), m: target, i: address, p: port });
  if (typeof entry === 'string') return entry;
  const node = entry.host.replace(/\.local$/i, '') || entry.address;
  return { ...entry, node, txt: readPairs(txt), gossip: null };
}

/**
 * Attributes: one `k=v` per string, or several separated by `&` as old nodes write them; the first of a name wins.
 * As in the tag, a first word without `=` is a value without a name, a later one a name without a value.
 */
function readPairs(strings: readonly string[]): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  const words = strings.flatMap((text) => text.split(/&(?=[^&=]+=)/)).map((text) => cleanText(text, TXT_CAP));
  for (const [index, word] of words.filter(Boolean).slice(0, PAIRS_CAP).entries()) {
    const at = word.indexOf('=');
    const bare: readonly [string, string] = index === 0 ? ['', word] : [word, ''];
    const [name, value] = at < 0 ? bare : [word.slice(0, at), word.slice(at + 1)];
    if (!pairs.has(name)) pairs.set(name, value);
  }
  return pairs;
}

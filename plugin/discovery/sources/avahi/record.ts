/** Records of multicast DNS, read from a stranger's message, checked and capped. RFC 6762, RFC 6763. */
import { announce, type EntryProblem, readEntry, withoutSecretPairs } from '../../../announcement/entry.js';
import { canonicalAddress, rangeList } from '../../../lib/address.js';
import { cleanText } from '../../../lib/text.js';
import type { Announcement } from '../../../model/provider.js';
import { displayName, lower } from './names.js';
import { findRecords, type Place, readName, writeQuery, writeQuestion } from './wire.js';

/** The name whose answers are the types on the link (RFC 6763 §9). */
export const ALL_TYPES = '_services._dns-sd._udp.local';
/** Some types are longer than the standard's 15 characters. */
const TYPE_NAME = /^_([A-Za-z0-9][A-Za-z0-9_-]{0,31})\._(?:tcp|udp)\.local$/i;
/** Some stacks split the label of an instance at its dots. */
const INSTANCE_NAME = /^((?:\\.|[^\\])+)\.(_[^.\\]+\._(?:tcp|udp)\.local)$/is;

/** Attributes of an instance, and characters of all of them together. */
const PAIRS_CAP = 32;
const TXT_CAP = 1024;
const MAX_TTL_MS = 75 * 60_000;

const CLASS_INTERNET = 1;
const FLUSH = 0x8000;

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

/** The kinds that describe a service, with their numbers on the wire. */
const KINDS = { A: 1, PTR: 12, TXT: 16, AAAA: 28, SRV: 33 } as const;
export type Kind = keyof typeof KINDS;
const KIND_OF: ReadonlyMap<number, Kind> = new Map(Object.entries(KINDS).map(([kind, type]) => [type, kind as Kind]));

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

/** The records of a response that may describe a service, and whether any of them, or the message, is malformed. */
export function readFacts(message: Buffer): { readonly facts: readonly Fact[]; readonly isMalformed: boolean } {
  const { places, isCut } = findRecords(message);
  const facts: Fact[] = [];
  let isMalformed = isCut;
  for (const place of places) {
    const kind = KIND_OF.get(place.type);
    if (kind === undefined || (place.class & ~FLUSH) !== CLASS_INTERNET) continue;
    const fact = readFact(message, kind, place);
    if (fact === null) isMalformed = true;
    else if (kind !== 'PTR' || isValidPointer(lower(fact.name), fact.data[0] ?? '')) facts.push(fact);
  }
  return { facts, isMalformed };
}

/** Null where it is malformed. */
function readFact(message: Buffer, kind: Kind, place: Place): Fact | null {
  const name = readName(message, place.nameAt, message.length);
  const data = name === null ? null : readData(message, kind, place);
  if (name === null || data === null) return null;
  const ttl = Math.min(place.ttl * 1000, MAX_TTL_MS);
  return { kind, name, data, ttl, flush: (place.class & FLUSH) !== 0 };
}

function readData(message: Buffer, kind: Kind, { dataAt, dataEnd }: Place): readonly string[] | null {
  if (kind === 'TXT') return readStrings(message.subarray(dataAt, dataEnd));
  if (kind === 'A' || kind === 'AAAA') return readAddress(kind, message.subarray(dataAt, dataEnd));
  const target = readName(message, kind === 'PTR' ? dataAt : dataAt + 6, dataEnd);
  if (target === null) return null;
  return kind === 'PTR' ? [target] : [target, `${message.readUInt16BE(dataAt + 4)}`];
}

function readAddress(kind: 'A' | 'AAAA', bytes: Buffer): readonly string[] | null {
  if (bytes.length !== (kind === 'A' ? 4 : 16)) return null;
  const text = kind === 'A' ? bytes.join('.') : bytes.toString('hex').replace(/.{4}(?!$)/g, '$&:');
  const address = canonicalAddress(text);
  return address === null ? null : [address];
}

/** The strings of a TXT record, up to one that does not fit in it. Invalid UTF-8 becomes replacement characters. */
function readStrings(bytes: Buffer): readonly string[] {
  const strings: string[] = [];
  let left = TXT_CAP;
  for (let at = 0; at < bytes.length && strings.length < PAIRS_CAP; ) {
    const end = at + 1 + (bytes[at] ?? 0);
    if (end > bytes.length) break;
    const text = bytes.toString('utf8', at + 1, end);
    left -= text.length;
    if (left >= 0) strings.push(text);
    at = end;
  }
  return strings;
}

/** A query for these records. */
export function writeQueryFor(questions: readonly { readonly type: Kind; readonly name: string }[]): Buffer {
  return writeQuery(questions.map(({ type, name }) => writeQuestion(KINDS[type], name)));
}

/** A pointer leads from the list of types to a type, or from a type to one of its instances. */
function isValidPointer(name: string, to: string): boolean {
  return name === ALL_TYPES ? TYPE_NAME.test(to) : lower(readTypeName(to)) === name;
}

/** Records of one kind and name belong together. */
export const recordKey = (kind: Kind, name: string) => `${kind} ${lower(name)}`;

/** The service type in the name of a type. */
export const readTypeId = (typeName: string) => TYPE_NAME.exec(typeName)?.[1] ?? '';

/** The type in the name of an instance. */
export const readTypeName = (instance: string) => INSTANCE_NAME.exec(instance)?.[2] ?? '';

/** The label of an instance: what it calls itself. */
const readLabel = (instance: string) => INSTANCE_NAME.exec(instance)?.[1] ?? '';

/** An address of the host that an instance names. */
export interface Address {
  readonly address: string;
  /** Whether the host sent from it, or it is in a subnet of the link. */
  readonly isNear: boolean;
  readonly isSender: boolean;
}

/**
 * The address to use, if any: a host may tell addresses that lead elsewhere from here, such as that of its container bridge.
 * @param isOwn whether it is this node's, and so cannot be a neighbour's
 */
export function chooseAddress(all: readonly Address[], isOwn: (address: string) => boolean): string | undefined {
  const isV6 = ({ address }: Address) => address.includes(':');
  const usable = all.filter((one) => !UNUSABLE.check(one.address, isV6(one) ? 'ipv6' : 'ipv4') && !isOwn(one.address));
  const rank = (one: Address) => 4 * Number(!one.isNear) + 2 * Number(isV6(one)) + Number(!one.isSender);
  return usable.sort((a, b) => rank(a) - rank(b))[0]?.address;
}

/**
 * A complete instance as an announcement; or why it must be skipped.
 * @param srv, txt data of these records
 */
export function readService(
  type: string,
  instance: string,
  srv: readonly string[],
  txt: readonly string[],
  address: string | undefined,
): Announcement | EntryProblem {
  const [target = '', port] = srv;
  const label = displayName(readLabel(instance));
  const entry = readEntry({ s: type, d: label, m: displayName(target), i: address, p: port });
  if (typeof entry === 'string') return entry;
  const node = entry.host.replace(/\.local$/i, '') || entry.address;
  return announce({ ...entry, txt: withoutSecretPairs(readPairs(txt)) }, node);
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

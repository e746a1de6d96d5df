/**
 * Writes the `services` tag: adds, replaces or removes one entry, and leaves every other as its author wrote it, byte for
 * byte. The system's own bzip2 packs it, the program that old nodes unpack it with.
 */
import { execFile } from 'node:child_process';
import { PanelError } from '../model/errors.js';
import { type Entry, readEntry } from './entry.js';
import { parseLoosely, splitObjects } from './loose-json.js';
import { unpackTag } from './tag-read.js';

/** One service on the wire; every value is a string. */
export interface WireEntry {
  readonly s: string;
  /** Spaces as `_`. */
  readonly d: string;
  readonly m: string;
  readonly i: string;
  readonly p: string;
  readonly e: string;
  /** `k=v` pairs joined by `&`. */
  readonly t: string;
}

/** The text of one entry, one character per byte, so that invalid UTF-8 survives. */
export type Piece = string;

/** All tags of a node together, as Serf encodes them (memberlist's MetaMaxSize), bytes. */
export const TAGS_LIMIT = 512;

/** ms; packing a few hundred bytes takes about 10 ms. */
const PACK_LIMIT_MS = 5_000;

/**
 * The entries in a tag; none in one that is absent.
 * @throws PanelError tag-unreadable: it cannot be changed without losing what somebody wrote there
 */
export function splitTag(tag: string | undefined): readonly Piece[] {
  if (tag === undefined || tag === '') return [];
  const json = unpackTag(tag);
  const list = typeof json === 'string' ? null : Buffer.from(json).toString('latin1');
  const pieces = list === null ? null : (splitObjects(list, PUNCTUATION) ?? split(list) ?? splitFlat(list));
  if (pieces) return pieces;
  const hint = 'Find out which program wrote it; or remove it with: serf tags -delete services';
  throw new PanelError('tag-unreadable', 'Another program wrote a services tag that cannot be read.', hint);
}

/** What may surround the entries: brackets, commas, white space, a byte order mark. */
const PUNCTUATION = /^(\xef\xbb\xbf)?[\s,[\]]*$/;

/** The outermost objects, even with braces in their strings; null when anything else is left over. */
function split(list: string): Piece[] | null {
  const pieces: Piece[] = [];
  let [depth, from, quote, rest] = [0, 0, '', ''];
  for (let at = 0; at < list.length; at++) {
    const letter = list.charAt(at);
    if (quote !== '') {
      if (letter === '\\') at++;
      else if (letter === quote) quote = '';
    } else if (depth > 0 && (letter === '"' || letter === "'")) quote = letter;
    else if (letter === '{') {
      if (depth++ === 0) from = at;
    } else if (letter === '}' && depth > 0) {
      if (--depth === 0) pieces.push(list.slice(from, at + 1));
    } else if (depth === 0) rest += letter;
  }
  return depth === 0 && PUNCTUATION.test(rest) ? pieces : null;
}

/** Where a string holds its own quote unescaped, only braces tell where an entry ends. */
function splitFlat(list: string): Piece[] | null {
  const entry = /\{[^{}]*\}/g;
  return PUNCTUATION.test(list.replace(entry, '')) ? (list.match(entry) ?? []) : null;
}

/** For people; invalid UTF-8 becomes replacement characters. */
export const textOf = (piece: Piece): string => Buffer.from(piece, 'latin1').toString();

/** The parsed entry; null for a piece that is not one. */
export function readPiece(piece: Piece): Entry | null {
  const entry = readEntry(parseLoosely(textOf(piece)));
  return typeof entry === 'string' ? null : entry;
}

/** The entry's own strings, to be changed and written again; null for a piece that is not an entry. */
export function readWireEntry(piece: Piece): WireEntry | null {
  const json = parseLoosely(textOf(piece));
  if (typeof readEntry(json) === 'string') return null;
  const fields = json as Readonly<Record<string, unknown>>;
  const text = (name: keyof WireEntry) => {
    const value = fields[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  };
  return { s: text('s'), d: text('d'), m: text('m'), i: text('i'), p: text('p'), e: text('e'), t: text('t') };
}

/**
 * Old nodes' shell scripts split entries at white space, turn `'` into `"` and undo the escapes of JSON. What they would
 * break has a look-alike. Globs stay: the word that the shell would expand is the whole entry.
 */
const LOOKALIKES: Readonly<Record<string, string>> = {
  "'": '\u2019',
  '"': '\u201d',
  '`': '\u2018',
  '\\': '\u2216',
};
const NEEDS_LOOKALIKE = /['"`\\]/g;
/** Unicode's white space: `\s` lacks the next line (U+0085), and has the byte order mark. */
const SPACES = /[\s\u0085]+/g;
const SEPARATORS = /[&\s\u0085]+/;
/** What JSON escapes or programs drop: control characters, lone surrogates, noncharacters. */
const UNENCODABLE = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}\ufffd]/gu;

/** The text without anything that old readers would change or break on; idempotent. */
function toCarriable(text: string, space = '_'): string {
  return text
    .trim()
    .replace(SPACES, space)
    .replace(UNENCODABLE, '')
    .replace(NEEDS_LOOKALIKE, (letter) => LOOKALIKES[letter] ?? '');
}

/** Attributes separated by `&` or white space, joined by `&`: old and new readers split there. */
const toCarriablePairs = (text: string) =>
  text
    .split(SEPARATORS)
    .map((pair) => toCarriable(pair))
    .filter(Boolean)
    .join('&');

/** A type, host, address or port never has a space: one that does is wrong, and must not turn into a valid other. */
const toCarriableWord = (text: string) => toCarriable(text, '\u2423');

/** The entry as written: no white space, quotes or backslashes in any field. */
export function toWire({ s, d, m, i, p, e, t }: WireEntry): WireEntry {
  const [type, host, address, port] = [toCarriableWord(s), toCarriableWord(m), toCarriableWord(i), toCarriableWord(p)];
  return { s: type, d: toCarriable(d), m: host, i: address, p: port, e: toCarriable(e), t: toCarriablePairs(t) };
}

/** The entry's JSON, which needs no escape. */
export function writePiece(entry: WireEntry): Piece {
  return Buffer.from(JSON.stringify(toWire(entry))).toString('latin1');
}

/**
 * The tag's text: base64 of bzip2 of the list.
 * @throws PanelError publish-failed where bzip2 is missing or fails
 */
export function packTag(pieces: readonly Piece[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: PACK_LIMIT_MS, killSignal: 'SIGKILL', encoding: 'buffer' } as const;
    const child = execFile('/usr/bin/bzip2', ['-9', '-c'], options, (error, packed) => {
      if (!error) resolve(packed.toString('base64'));
      else reject(new PanelError('publish-failed', 'bzip2 does not run.', 'Run: apt install bzip2', { cause: error }));
    });
    // The callback reports a bzip2 that is missing or dies early.
    child.stdin?.on('error', () => {});
    child.stdin?.end(Buffer.from(`[${pieces.join(',')}]`, 'latin1'));
  });
}

/** Bytes of all tags as Serf gossips them: one mark byte, then old-style MessagePack, without 8-bit lengths. */
export function sizeOfTags(tags: ReadonlyMap<string, string>): number {
  const sizeOf = (text: string) => {
    const bytes = Buffer.byteLength(text);
    return (bytes < 32 ? 1 : 3) + bytes;
  };
  let sum = 1 + (tags.size < 16 ? 1 : 3);
  for (const [name, value] of tags) sum += sizeOf(name) + sizeOf(value);
  return sum;
}

/**
 * The `services` tag of a Serf member: base64 of bzip2 of a JSON array of entries, from strangers.
 * What is readable is read: a bad entry is skipped and counted with its reason, the others stay.
 */
import { Bzip2Error, decompress } from './bzip2.js';
import { type Entry, type EntryProblem, readEntry } from './entry.js';

export const TAG_NAME = 'services';

/** Characters of base64; Serf itself holds all tags of a node below 512 bytes. */
const TEXT_CAP = 16 * 1024;
/** Bytes of JSON. */
const JSON_CAP = 64 * 1024;
const ENTRIES_CAP = 64;
/** Tags remembered, and bytes of JSON that they may stem from: four times a large community. */
const CACHE_TAGS = 4096;
const CACHE_BYTES = 8 * 1024 * 1024;

export type TagProblem = EntryProblem | 'bad-base64' | 'bad-bzip2' | 'too-large' | 'bad-json' | 'too-many';

export interface Tag {
  readonly entries: readonly Entry[];
  readonly skipped: Readonly<Partial<Record<TagProblem, number>>>;
}

/** Decoded tags by their text, oldest use first, with the bytes of JSON of each and of all. */
const cache = new Map<string, { readonly tag: Tag; readonly bytes: number }>();
let cachedBytes = 0;

/** Decodes a tag; one that was decoded before costs nothing. */
export function readTag(text: string): Tag {
  if (text.length > TEXT_CAP) return { entries: [], skipped: { 'too-large': 1 } };
  const known = cache.get(text);
  const decoded = known ?? decode(text);
  if (known) cache.delete(text);
  else cachedBytes += decoded.bytes;
  cache.set(text, decoded);
  for (const [oldest, { bytes }] of cache) {
    if (cache.size <= CACHE_TAGS && cachedBytes <= CACHE_BYTES) break;
    cache.delete(oldest);
    cachedBytes -= bytes;
  }
  return decoded.tag;
}

function decode(text: string): { readonly tag: Tag; readonly bytes: number } {
  const json = unpackTag(text);
  return typeof json === 'string'
    ? { tag: { entries: [], skipped: { [json]: 1 } }, bytes: 0 }
    : { tag: readList(UTF8.decode(json)), bytes: json.length };
}

/** Bytes that are no UTF-8 become replacement characters. */
const UTF8 = new TextDecoder();

/** The bytes of JSON in the tag, or why there are none. */
export function unpackTag(text: string): Uint8Array | TagProblem {
  // `base64` breaks its lines, and a shell may have turned the breaks into spaces.
  const digits = text.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(digits) || digits.replace(/=+$/, '').length % 4 === 1) return 'bad-base64';
  try {
    return decompress(Buffer.from(digits, 'base64'), JSON_CAP);
  } catch (error) {
    if (!(error instanceof Bzip2Error)) throw error;
    return error.code === 'too-large' ? 'too-large' : 'bad-bzip2';
  }
}

function readList(json: string): Tag {
  const { values, broken } = parseList(json);
  const entries: Entry[] = [];
  const skipped: Partial<Record<TagProblem, number>> = {};
  const skip = (reason: TagProblem, count = 1) => {
    if (count > 0) skipped[reason] = (skipped[reason] ?? 0) + count;
  };
  skip('bad-json', broken);
  for (const [index, value] of values.entries()) {
    if (entries.length === ENTRIES_CAP) {
      skip('too-many', values.length - index);
      break;
    }
    const entry = readEntry(value);
    if (typeof entry === 'string') skip(entry);
    else entries.push(entry);
  }
  return { entries, skipped };
}

/** The values of the list, and how many of its parts are not JSON: as written, else mended, else object by object. */
function parseList(json: string): { readonly values: readonly unknown[]; readonly broken: number } {
  const whole = parseLoosely(json);
  if (whole !== undefined) return { values: Array.isArray(whole) ? whole : [whole], broken: 0 };
  const parts = json.match(/\{[^{}]*\}?/g) ?? [json];
  const values = parts.map((part) => parseLoosely(part));
  const readable = values.filter((value) => value !== undefined);
  return { values: readable, broken: values.length - readable.length };
}

/** As written, else mended; undefined when it is not JSON even so. */
export function parseLoosely(json: string): unknown {
  return parse(json) ?? parse(mend(json));
}

/** Old nodes quote with `'`, and leave commas where nothing follows or nothing came before. */
function mend(json: string): string {
  return json
    .replaceAll("'", '"')
    .replace(/,[\s,]*(?=[\]},])/g, '')
    .replace(/([[{])[\s,]+/g, '$1');
}

/** Undefined when it is not JSON; a list or an object is never undefined. */
function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

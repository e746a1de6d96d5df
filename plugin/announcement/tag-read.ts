/**
 * The `services` tag of a Serf member: base64 of bzip2 of a JSON array of entries, from strangers.
 * What is readable is read: a bad entry is skipped and counted with its reason, the others stay.
 */

import { Bzip2Error, decompress } from '../lib/bzip2/index.js';
import { type Entry, type EntryProblem, readEntry } from './entry.js';
import { parseList } from './loose-json.js';
import { readOrigin, type SkippedRow } from './skipped.js';

export const TAG_NAME = 'services';

/** Characters of base64; Serf itself holds all tags of a node below 512 bytes. */
const TEXT_CAP = 16 * 1024;
/** Entries of one announcer. */
export const ANNOUNCER_CAP = 64;
/** Bytes of JSON. */
const JSON_CAP = 64 * 1024;
/** Entries read of one list: a packed tag may hold thousands of equal ones. */
const VALUES_CAP = 256;
/** Decoded tags in the cache, and the bytes of JSON they came from: enough for a thousand nodes. */
const CACHE_TAGS = 1024;
const CACHE_BYTES = 1024 * 1024;

type TagProblem = EntryProblem | 'bad-base64' | 'bad-bzip2' | 'too-large' | 'bad-json' | 'too-many';

export interface Tag {
  readonly entries: readonly Entry[];
  readonly skipped: Readonly<Partial<Record<TagProblem, number>>>;
  /** The entries behind these counts, at most 64. */
  readonly bad: readonly BadEntry[];
}

type BadEntry = Pick<SkippedRow, 'type'> & { readonly reason: TagProblem };

/** A tag of which nothing can be read. */
const unreadable = (reason: TagProblem): Tag => ({
  entries: [],
  skipped: { [reason]: 1 },
  bad: [{ type: null, reason }],
});

/** Decoded tags by their text, least recently used first, each with its bytes of JSON. */
const cache = new Map<string, { readonly tag: Tag; readonly bytes: number }>();
let cachedBytes = 0;

/** Decodes a tag; a cached one costs nothing. */
export function readTag(text: string): Tag {
  if (text.length > TEXT_CAP) return unreadable('too-large');
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
    ? { tag: unreadable(json), bytes: 0 }
    : { tag: readList(UTF8.decode(json)), bytes: json.length };
}

/** Invalid UTF-8 becomes replacement characters. */
const UTF8 = new TextDecoder();

/** The bytes of JSON in the tag, or why there are none. */
export function unpackTag(text: string): Uint8Array | TagProblem {
  // `base64` breaks lines, and a shell may have turned the breaks into spaces.
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
  const { values, broken, beyond } = parseList(json);
  const entries = new Map<string, Entry>();
  const skipped: Partial<Record<TagProblem, number>> = {};
  const bad: BadEntry[] = [];
  const skip = (reason: TagProblem, value?: unknown) => {
    skipped[reason] = (skipped[reason] ?? 0) + 1;
    if (bad.length < ANNOUNCER_CAP) bad.push({ type: readOrigin(value).type, reason });
  };
  for (let count = 0; count < broken; count++) skip('bad-json');
  for (let count = 0; count < beyond; count++) skip('too-many');
  for (const [index, value] of values.entries()) {
    const entry = index < VALUES_CAP ? readEntry(value) : 'too-many';
    if (typeof entry === 'string') {
      skip(entry, value);
      continue;
    }
    // The same type, address and port is one entry; the first wins.
    const key = `${entry.type}|${entry.address}|${entry.port ?? ''}`;
    if (entries.has(key)) continue;
    if (entries.size < ANNOUNCER_CAP) entries.set(key, entry);
    else skip('too-many', value);
  }
  return { entries: [...entries.values()], skipped, bad };
}

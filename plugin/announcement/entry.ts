/**
 * One entry of an announcement, as in a node's tag and in the hand-kept list:
 * `{"s": type, "d": description, "m": host, "i": address, "p": port, "e": community, "t": "k=v&k=v"}`.
 * Everything in it is a stranger's text: checked, capped, and stripped of characters that could disguise it.
 */
import { canonicalAddress } from '../lib/address.js';
import { cleanText, TEXT_CAP } from '../lib/text.js';
import type { Announcement } from '../model/provider.js';
import { isSecretName, publicText, withoutSecrets } from './secrets.js';

/** What an entry says; the source knows who announced it. */
export type Entry = Omit<Announcement, 'node' | 'gossip'>;

/** Why an entry was skipped. */
export type EntryProblem = 'bad-entry' | 'bad-type' | 'bad-address' | 'bad-port';

const TYPE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/;
const TXT_CAP = 1024;
const PAIRS_CAP = 32;
/** One for all entries without attributes, which most are: a map takes more than the rest of its entry. */
const NO_PAIRS: ReadonlyMap<string, string> = new Map();

/** The entry, or why it must be skipped. */
export function readEntry(value: unknown): Entry | EntryProblem {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'bad-entry';
  const { s, d, m, i, p, e, t } = value as Readonly<Record<string, unknown>>;
  if (typeof s !== 'string' || !TYPE.test(s)) return 'bad-type';
  const address = typeof i === 'string' ? canonicalAddress(i.trim()) : null;
  if (address === null) return 'bad-address';
  const port = readPort(p);
  if (port === 'bad-port') return port;
  return {
    type: s,
    host: publicText(m),
    address,
    port,
    // Old nodes write every space of a description as `_`.
    description: withoutSecrets(publicText(d).replaceAll('_', ' ')),
    community: publicText(e),
    txt: withoutSecretPairs(readPairs(cleanText(t, TXT_CAP))),
  };
}

/**
 * What that node announces with the entry.
 * Field by field: V8 gives every object that is spread and then added to a hidden class of its own, larger than its fields.
 */
export function announce(entry: Entry, node: string, gossip: Announcement['gossip'] = null): Announcement {
  const { type, host, address, port, description, community, txt } = entry;
  return { type, node, host, address, port, description, community, txt, gossip };
}

/** The attributes without those that let others in. The same map where there are none, as nearly always. */
export function withoutSecretPairs(pairs: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const isHarmless = ([name, value]: [string, string]) => !isSecretName(name) && withoutSecrets(value) === value;
  const all = [...pairs];
  if (all.every(isHarmless)) return pairs;
  return new Map(all.filter(([name]) => !isSecretName(name)).map(([name, value]) => [name, withoutSecrets(value)]));
}

/** A number or its digits; absent or empty means that the announcement has no port. */
function readPort(value: unknown): number | null | 'bad-port' {
  if (value === undefined || value === null || value === '') return null;
  const digits = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
  return port >= 1 && port <= 65_535 ? port : 'bad-port';
}

/**
 * Attributes `k=v`, separated by `&` or by the space that old nodes turn it into; the first of a name wins.
 * A word without `=` is an attribute without a value, except for the first: old nodes announce a bare value without a name
 * (perhaps with `,name=…` right after it), which is stored under the empty name.
 */
function readPairs(text: string): ReadonlyMap<string, string> {
  if (text === '') return NO_PAIRS;
  const pairs = new Map<string, string>();
  const words = text.replace(/^([^=,&\s]+),(?=\S+=)/, '$1 ').split(/[&\s]+/);
  for (const [index, word] of words.filter(Boolean).slice(0, PAIRS_CAP).entries()) {
    const at = word.indexOf('=');
    const bare: [string, string] = index === 0 ? ['', word] : [word, ''];
    const [name, value] = at < 0 ? bare : [word.slice(0, at).slice(0, TEXT_CAP), word.slice(at + 1)];
    if (!pairs.has(name)) pairs.set(name, value);
  }
  return pairs;
}

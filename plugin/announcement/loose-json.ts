/**
 * Lists of entries as shell scripts of old nodes put them together: strings in quotes of either kind or in none, with quotes,
 * line breaks and tabs inside, and commas too many. What JSON itself cannot read is read as far as it is clear what is meant.
 */

/**
 * Longest key, string and run of blanks, characters, and most pairs: no entry has more, and a stranger cannot have a long
 * text read again and again.
 */
const KEY_CAP = 32;
const STRING_CAP = 2_048;
const BLANKS_CAP = 16;
const PAIRS_CAP = 64;
/** Objects tried in one list: a stranger's may begin thousands. */
const OBJECTS_CAP = 256;

export interface LooseList {
  readonly values: readonly unknown[];
  /** Parts that cannot be read. */
  readonly broken: number;
  /** Parts beyond the cap. */
  readonly beyond: number;
}

/** As JSON where it is that, else object by object. */
export function parseList(json: string): LooseList {
  const whole = parse(json);
  if (whole !== undefined) return { values: Array.isArray(whole) ? whole : [whole], broken: 0, beyond: 0 };
  const values: unknown[] = [];
  let [broken, tries] = [0, 0];
  let at = json.indexOf('{');
  for (; at >= 0 && tries < OBJECTS_CAP; tries++) {
    const object = readObject(json, at);
    if (object === null) broken++;
    else values.push(object.value);
    at = json.indexOf('{', object?.end ?? at + 1);
  }
  const beyond = at < 0 ? 0 : json.slice(at).split('{').length - 1;
  return tries === 0 ? { values, broken: 1, beyond } : { values, broken, beyond };
}

/** The texts of the objects in a list, as they are written; null where one cannot be read, or anything but `rest` is between. */
export function splitObjects(list: string, rest: RegExp): readonly string[] | null {
  const pieces: string[] = [];
  let [between, last] = ['', 0];
  for (let at = list.indexOf('{'); at >= 0; at = list.indexOf('{', last)) {
    const object = pieces.length < OBJECTS_CAP ? readObject(list, at) : null;
    if (object === null) return null;
    between += list.slice(last, at);
    pieces.push(list.slice(at, object.end));
    last = object.end;
  }
  return rest.test(between + list.slice(last)) ? pieces : null;
}

/** One entry; undefined when it cannot be read. */
export function parseLoosely(json: string): unknown {
  const strict = parse(json);
  if (strict !== undefined) return strict;
  const { values, broken, beyond } = parseList(json);
  return values.length === 1 && broken + beyond === 0 ? values[0] : undefined;
}

/** Undefined when it is not JSON. */
function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

interface Part<T> {
  readonly value: T;
  /** Offset of what follows. */
  readonly end: number;
}

const FLAT = /\{[^{}]*\}/y;
const BLANKS = /[\s,]*/y;
const KEY = new RegExp(`(["']?)([\\w.-]{1,${KEY_CAP}})\\1\\s*:\\s*`, 'y');
/** What follows the value of a key: another key, or the end of the object. */
const AFTER_VALUE = new RegExp(
  `\\s{0,N}(?:,[\\s,]{0,N}(?:}|(["']?)[\\w.-]{1,${KEY_CAP}}\\1\\s{0,N}:)|}[\\s,]{0,N}(?:[\\]{]|$))`.replaceAll(
    'N',
    `${BLANKS_CAP}`,
  ),
  'y',
);

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** A flat object, as JSON where it is that; null where it cannot be read. */
function readObject(text: string, start: number): Part<unknown> | null {
  const flat = matchAt(FLAT, text, start)?.[0] ?? '';
  const value = parse(flat);
  return value === undefined ? readPairs(text, start) : { value, end: start + flat.length };
}

function readPairs(text: string, start: number): Part<Record<string, unknown>> | null {
  const pairs: [string, unknown][] = [];
  for (let at = start + 1; pairs.length <= PAIRS_CAP; ) {
    at += matchAt(BLANKS, text, at)?.[0].length ?? 0;
    if (text[at] === '}') return { value: Object.fromEntries(pairs), end: at + 1 };
    const key = matchAt(KEY, text, at);
    const value = key && readValue(text, at + key[0].length, key[1] !== '');
    if (!value) return null;
    pairs.push([key[2] ?? '', value.value]);
    at = value.end;
  }
  return null;
}

function readValue(text: string, start: number, isKeyQuoted: boolean): Part<unknown> | null {
  const first = text.charAt(start);
  if (first === '"' || first === "'") return readQuoted(text, start);
  return first === '{' || first === '[' ? null : readBare(text, start, isKeyQuoted);
}

/** A string, up to the quote that ends its value: other quotes are part of it. */
function readQuoted(text: string, start: number): Part<string> | null {
  const last = Math.min(text.length, start + STRING_CAP);
  for (let at = start + 1; at < last; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === text[start] && matchAt(AFTER_VALUE, text, at + 1))
      return { value: undoEscapes(text.slice(start + 1, at)), end: at + 1 };
  }
  return null;
}

/** A value of JSON, or a string whose quotes a shell has taken away: without those of its key, `1.0` may have been a text. */
function readBare(text: string, start: number, isKeyQuoted: boolean): Part<unknown> | null {
  const last = Math.min(text.length, start + STRING_CAP);
  for (let at = start; at < last; at++) {
    if ((text[at] !== ',' && text[at] !== '}') || !matchAt(AFTER_VALUE, text, at)) continue;
    const bare = text.slice(start, at).trim();
    if (bare === '') return null;
    const value = isKeyQuoted || bare === 'null' ? parse(bare) : undefined;
    return { value: value === undefined ? bare : value, end: at };
  }
  return null;
}

/** Escapes of JSON; what follows any other backslash is meant as it is. */
function undoEscapes(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, code, letter) =>
    code === undefined ? ('nrtbf'.includes(letter) ? ' ' : letter) : String.fromCharCode(parseInt(code, 16)),
  );
}

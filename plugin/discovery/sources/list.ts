/**
 * The hand-kept list (PROVIDERS_FILE): neighbours without Serf, one JSON entry per line, shaped as in the tag. Empty lines
 * and lines that begin with `#` are ignored. Read again whenever the file changes or is replaced.
 */
import { type FSWatcher, watch } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { announce, type EntryProblem, readEntry } from '../../announcement/entry.js';
import { capRows, readOrigin, type SkippedRow } from '../../announcement/skipped.js';
import { Listeners } from '../../lib/listeners.js';
import type { Sighting, Source, SourceStatus, SourceType } from '../source.js';

const SIZE_CAP = 1024 * 1024;
/** Editors write a file in several steps: it is read once it has not changed for this long, ms. */
const SETTLE_MS = 50;
/** How often to retry a file or folder that cannot be read, ms. */
const RETRY_MS = 5_000;
/** Bad lines named in the message; the rest are counted. */
const NAMED_LINES = 5;

const PROBLEMS: Readonly<Record<EntryProblem | 'bad-json', string>> = {
  'bad-json': 'not JSON',
  'bad-entry': 'not an object {"s": …, "i": …, "p": …}',
  'bad-type': '"s" must be a service type, such as a word of letters, digits, dots and dashes',
  'bad-address': '"i" must be an IPv4 or IPv6 address, not a name',
  'bad-port': '"p" must be 1 to 65535, or "" for none',
};

type State = Pick<SourceStatus, 'state' | 'error' | 'read' | 'skipped'>;

/** Content of the file. */
interface Lines {
  readonly sightings: readonly Sighting[];
  readonly bad: readonly SkippedRow[];
}

export class ListSource implements Source {
  readonly #file: string;
  readonly #now: () => number;
  readonly #listeners = new Listeners();
  readonly #ready: Promise<void>;
  #reloading: Promise<void> = Promise.resolve();
  #watcher: FSWatcher | null = null;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #lines: Lines = { sightings: [], bad: [] };
  #state: State = { state: 'connecting', read: 0, skipped: {} };
  #lastUp: number | null = null;

  constructor(file: string, now: () => number = Date.now) {
    this.#file = resolve(file);
    this.#now = now;
    this.#watch();
    this.#ready = this.#reload();
  }

  status(): Omit<SourceStatus, 'name'> {
    return { lastUp: this.#state.state === 'up' ? this.#now() : this.#lastUp, ...this.#state };
  }

  sightings(): readonly Sighting[] {
    return this.#lines.sightings;
  }

  skippedRows(): readonly SkippedRow[] {
    return this.#lines.bad;
  }

  onChange(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  ready(): Promise<void> {
    return this.#ready;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#watcher?.close();
    await this.#reloading;
  }

  /** Watches the folder, not the file: replacing the file would end the watch. */
  #watch(): void {
    this.#watcher?.close();
    try {
      this.#watcher = watch(dirname(this.#file), (_, name) => {
        if (name === null || name === basename(this.#file)) this.#schedule(SETTLE_MS);
      }).on('error', () => this.#schedule(RETRY_MS));
    } catch {
      this.#schedule(RETRY_MS);
    }
  }

  /** Renews the watch before reading: the folder too may have been replaced. */
  #schedule(pauseMs: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#watch();
      this.#reload();
    }, pauseMs);
  }

  #reload(): Promise<void> {
    this.#reloading = this.#reloading.then(() => this.#read());
    return this.#reloading;
  }

  async #read(): Promise<void> {
    try {
      if ((await stat(this.#file)).size > SIZE_CAP) throw new Error('it is larger than 1 MiB');
      const { state, ...lines } = readLines((await readFile(this.#file, 'utf8')).replace(/^\ufeff/, ''), this.#now());
      this.#lines = lines;
      this.#state = state;
    } catch (error) {
      if (this.#state.state === 'up') this.#lastUp = this.#now();
      this.#state = { ...this.#state, state: 'away', error: unreadable(this.#file, error) };
      if (this.#timer === undefined) this.#schedule(RETRY_MS);
    }
    if (!this.#closed) this.#listeners.call();
  }
}

function unreadable(file: string, error: unknown): NonNullable<State['error']> {
  return {
    code: 'list-unreadable',
    message: `The list ${file} cannot be read: ${(error as Error).message}.`,
    hint: 'Create the file, make it readable for the panel, or clear PROVIDERS_FILE.',
  };
}

function readLines(text: string, now: number): Lines & { readonly state: State } {
  const sightings: Sighting[] = [];
  const skipped: Record<string, number> = {};
  const rows: SkippedRow[] = [];
  const bad: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const value = parse(line);
    const entry = value === undefined ? 'bad-json' : readEntry(value);
    if (typeof entry !== 'string') {
      sightings.push({ announcement: announce(entry, entry.host || entry.address), self: false, heardAt: null });
      continue;
    }
    skipped[entry] = (skipped[entry] ?? 0) + 1;
    rows.push({ ...readOrigin(value), reason: entry, heardAt: now });
    bad.push(`line ${index + 1}: ${PROBLEMS[entry]}`);
  }
  const error = bad.length > 0 ? { error: badLines(bad) } : {};
  return { sightings, bad: capRows(rows), state: { state: 'up', read: sightings.length, skipped, ...error } };
}

/** Undefined where it is not JSON. */
function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function badLines(bad: readonly string[]): NonNullable<State['error']> {
  const more = bad.length > NAMED_LINES ? `; and ${bad.length - NAMED_LINES} more` : '';
  return {
    code: 'list-line',
    message: `${bad.slice(0, NAMED_LINES).join('; ')}${more}`,
    hint: 'Correct the line: one JSON object with s, i and p, perhaps d, m, e and t. The other lines are in use.',
  };
}

const list: SourceType = {
  id: 'list',
  title: { ca: 'llista pròpia', es: 'lista propia', en: 'own list', de: 'eigene Liste' },
  order: 20,
  trust: 'owner',
  remedy: {
    ca: 'Corregiu la línia al fitxer de PROVIDERS_FILE; les altres estan en ús.',
    es: 'Corrija la línea en el fichero de PROVIDERS_FILE; las demás están en uso.',
    en: 'Correct the line in the file of PROVIDERS_FILE; the others are in use.',
    de: 'Berichtige die Zeile in der Datei von PROVIDERS_FILE; die anderen sind in Gebrauch.',
  },
  isSet: ({ providersFile }) => providersFile !== null,
  open: ({ providersFile }, { now }) => (providersFile === null ? null : new ListSource(providersFile, now)),
};
export default list;

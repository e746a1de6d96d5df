/** A source whose whole list is read again from time to time: while it cannot be read, the last list stays. */
import { networkInterfaces } from 'node:os';
import { capRows, type SkippedRow } from '../../announcement/skipped.js';
import { Listeners } from '../../lib/listeners.js';
import type { Announcement } from '../../model/provider.js';
import { providerIdOf } from '../merge.js';
import type { Sighting, Source, SourceContext, SourceStatus } from '../source.js';

/** What one reading found. */
export interface Reading {
  readonly found: readonly Found[];
  readonly skipped: readonly SkippedRow[];
}

export interface Found {
  readonly announcement: Announcement;
  /** Who announces it, as the source tells announcers apart. */
  readonly announcer: string;
}

export interface PolledOptions {
  /** The whole list; null where there is none, and none is to be expected. @throws Error why it cannot be read now */
  read(signal: AbortSignal): Promise<Reading | null>;
  readonly everyMs: number;
  /** What to say, and to do, where it cannot be read. */
  readonly error: { readonly code: string; readonly hint: string };
  /** Calls back when there is something new to read; returns the way to stop. */
  follow?(changed: () => void): () => void;
}

/** The whole of a reading, ms. */
const LIMIT_MS = 10_000;
/** Before the next try where one has failed, ms. */
const RETRY_MS = 60_000;
/** From the end of one reading to the next one that somebody asks for, ms. */
const REST_MS = 60_000;
/** Rows of one reading; the rest is counted as over the limit. */
const ROWS_CAP = 3_000;

type State = Omit<SourceStatus, 'name' | 'lastUp'>;

export class PolledSource implements Source {
  readonly #options: PolledOptions;
  readonly #context: Pick<SourceContext, 'now' | 'seniority'>;
  readonly #listeners = new Listeners();
  readonly #stop = new AbortController();
  readonly #ready: Promise<void>;
  readonly #unfollow: (() => void) | undefined;
  /** Since when each announcer has announced each provider. */
  #since: ReadonlyMap<string, number> = new Map();
  #reading: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  /** When a reading may be asked for, ms since the epoch; null while one runs, and where there is nothing to read. */
  #restsUntil: number | null = null;
  #sightings: readonly Sighting[] = [];
  #skipped: readonly SkippedRow[] = [];
  #state: State = { state: 'connecting', read: 0, skipped: {} };
  #lastUp: number | null = null;

  constructor(options: PolledOptions, context: Pick<SourceContext, 'now' | 'seniority'>) {
    this.#options = options;
    this.#context = context;
    this.#unfollow = options.follow?.(() => void this.#readNow());
    this.#ready = this.#readNow();
  }

  status(): Omit<SourceStatus, 'name'> {
    return { lastUp: this.#lastUp, ...this.#state };
  }

  sightings(): readonly Sighting[] {
    return this.#sightings;
  }

  skippedRows(): readonly SkippedRow[] {
    return this.#skipped;
  }

  onChange(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  ready(): Promise<void> {
    return this.#ready;
  }

  refresh(): void {
    if (this.#restsUntil === null || this.#context.now() < this.#restsUntil) return;
    this.#restsUntil = null;
    void this.#readNow();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    this.#unfollow?.();
    await this.#reading;
  }

  /** One reading after the other. */
  #readNow(): Promise<void> {
    this.#reading = this.#reading.then(() => this.#read());
    return this.#reading;
  }

  async #read(): Promise<void> {
    const { signal } = this.#stop;
    if (signal.aborted) return;
    clearTimeout(this.#timer);
    this.#restsUntil = null;
    const { everyMs } = this.#options;
    const pause = await this.#readOnce(AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)])).then(
      (isThere) => (isThere ? everyMs : null),
      (error: Error) => this.#fail(error),
    );
    if (signal.aborted) return;
    if (pause !== null) {
      this.#timer = setTimeout(() => void this.#readNow(), pause);
      this.#restsUntil = this.#context.now() + REST_MS;
    }
    this.#listeners.call();
  }

  async #readOnce(signal: AbortSignal): Promise<boolean> {
    const reading = await this.#options.read(signal);
    if (reading === null) {
      this.#state = { state: 'off', read: 0, skipped: {} };
      return false;
    }
    this.#take(reading);
    this.#lastUp = this.#context.now();
    return true;
  }

  #take({ found, skipped }: Reading): void {
    const own = new Set(Object.values(networkInterfaces()).flatMap((list = []) => list.map(({ address }) => address)));
    const since = new Map<string, number>();
    this.#sightings = found.slice(0, ROWS_CAP).map(({ announcement, announcer }) => {
      const id = providerIdOf(announcement);
      const key = `${id} ${announcer}`;
      const date = this.#since.get(key) ?? this.#context.seniority.claim(id, announcer);
      since.set(key, date);
      return { announcement, announcer, since: date, self: own.has(announcement.address), heardAt: null };
    });
    this.#since = since;
    const heardAt = this.#context.now();
    const beyond = found.slice(ROWS_CAP).map(({ announcement: { node, type } }): SkippedRow => {
      return { node, type, reason: 'too-many', heardAt };
    });
    const counts: Record<string, number> = {};
    for (const { reason } of [...skipped, ...beyond]) counts[reason] = (counts[reason] ?? 0) + 1;
    this.#skipped = capRows([...skipped, ...beyond]);
    this.#state = { state: 'up', read: this.#sightings.length, skipped: counts };
  }

  #fail({ name, message }: Error): number {
    const { code, hint } = this.#options.error;
    const why = name === 'AbortError' || name === 'TimeoutError' ? 'no answer in time' : message;
    const { read, skipped } = this.#state;
    this.#state = { state: 'away', read, skipped, error: { code, message: `The list cannot be read: ${why}.`, hint } };
    return Math.min(RETRY_MS, this.#options.everyMs);
  }
}

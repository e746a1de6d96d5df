/** The list of providers, merged from every source: made anew when it is asked for after a change, and not too often. */
import type { Time } from '../lib/clock/index.js';
import { Listeners } from '../lib/listeners.js';
import type { Announcement, Provider } from '../model/provider.js';
import { createAddressCheck } from './allowed.js';
import { type Merged, merge } from './merge.js';
import { Proofs, type Prove } from './proofs.js';
import type { Sighting, Source, SourceType } from './source.js';

/** How old the merged list may get, ms: `heardAt` of what is confirmed moves on without any change. */
const MERGED_FOR_MS = 60_000;
/** Above this size, the next merge waits ten times as long as the last one took: events come by the thousand. */
const MANY = 500;
const PAUSE_FACTOR = 10;
const EMPTY: Merged = { providers: [], dropped: [] };

export interface OpenSource {
  readonly type: SourceType;
  readonly source: Source;
  readonly isSet: boolean;
  /** The source's, each type by its one word. */
  sightings(): readonly Sighting[];
}

export interface ListOptions {
  readonly open: readonly OpenSource[];
  readonly ranges: readonly string[] | null;
  readonly isKnown: (typeId: string) => boolean;
  readonly prove: Prove | undefined;
  readonly time: Time;
}

export class ProviderList {
  readonly #open: readonly OpenSource[];
  readonly #allowed: Readonly<Record<'anywhere' | 'local', (address: string) => boolean>>;
  readonly #isKnown: (typeId: string) => boolean;
  readonly #proofs: Proofs;
  /** Everything is dated by `steady`, and turned into dates on the way out. */
  readonly #time: Time;
  readonly #forgetTime: () => void;
  readonly #listeners = new Listeners();
  #list = EMPTY;
  #byId: ReadonlyMap<string, Provider> = new Map();
  #byType: ReadonlyMap<string, readonly Provider[]> = new Map();
  /** When it was merged; null after a change. */
  #mergedAt: number | null = null;
  /** No merge before this; by `performance.now()`. */
  #restsUntil = 0;
  #notification: NodeJS.Timeout | NodeJS.Immediate | null = null;
  #version = 0;

  constructor({ open, ranges, isKnown, prove, time }: ListOptions) {
    this.#open = open;
    this.#allowed = { anywhere: createAddressCheck(ranges, false), local: createAddressCheck(ranges, true) };
    this.#isKnown = isKnown;
    this.#time = time;
    this.#forgetTime = time.onJump(() => this.#changed());
    const canAsk = ({ gossip }: Announcement) => gossip !== null && this.#allowedNow()(gossip.address);
    this.#proofs = new Proofs(prove, canAsk, () => this.#changed());
    for (const { source } of open) source.onChange(() => this.#changed());
  }

  /** All, or those of one service type. */
  all(type?: string): readonly Provider[] {
    this.#refresh();
    return type === undefined ? this.#list.providers : (this.#byType.get(type) ?? []);
  }

  types(): readonly string[] {
    this.#refresh();
    return [...this.#byType.keys()];
  }

  find(id: string): Provider | null {
    this.#refresh();
    return this.#byId.get(id) ?? null;
  }

  /** Grows with each change of the list or of a source. */
  version(): number {
    this.#refresh();
    return this.#version;
  }

  /** What the last merge left out. */
  dropped(): Merged['dropped'] {
    return this.#list.dropped;
  }

  onChange(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  /** Stops everything but what a source that is still open sets off. */
  close(): void {
    this.#forgetTime();
    this.#proofs.close();
  }

  /** After the last source was closed. */
  end(): void {
    clearTimeout(this.#notification as NodeJS.Timeout);
    clearImmediate(this.#notification as NodeJS.Immediate);
  }

  /** Listeners hear once of many changes at once. */
  #changed(): void {
    this.#mergedAt = null;
    if (!this.#notification) this.#notifySoon();
  }

  #notifySoon(): void {
    const wait = this.#restsUntil - performance.now();
    const notify = () => this.#notify();
    this.#notification = wait > 0 ? setTimeout(notify, Math.ceil(wait)) : setImmediate(notify);
  }

  /** Who reads the list while it rests reads the one before the change, and hears again when the rest is over. */
  #notify(): void {
    this.#notification = null;
    if (this.#mergedAt === null && performance.now() < this.#restsUntil) this.#notifySoon();
    this.#listeners.call();
  }

  #allowedNow(): (address: string) => boolean {
    return this.#allowed[this.#open.some(({ source }) => source.isLocal?.()) ? 'local' : 'anywhere'];
  }

  #refresh(): void {
    const now = this.#time.steady();
    // Merged again where the clock was set back.
    if (this.#mergedAt !== null && this.#mergedAt <= now && now - this.#mergedAt < MERGED_FOR_MS) return;
    const began = performance.now();
    if (began < this.#restsUntil) return;
    const before = this.#list.providers;
    this.#merge(now);
    if (this.#mergedAt === null || !isSameList(before, this.#list.providers)) this.#version += 1;
    this.#mergedAt = now;
    const isLong = this.#list.providers.length > MANY;
    this.#restsUntil = isLong ? began + (performance.now() - began) * PAUSE_FACTOR : 0;
  }

  #merge(now: number): void {
    const reports = this.#open.map(({ type, source, sightings }) => ({
      ...{ source: type, status: source.status(), sightings: sightings() },
    }));
    const allowed = this.#allowedNow();
    const isProven = (announcement: Announcement) => this.#proofs.isProven(announcement);
    const date = (moment: number) => this.#time.date(moment);
    this.#list = merge(reports, { allowed, now, date, isKnown: this.#isKnown, isProven });
    this.#byId = new Map(this.#list.providers.map((provider) => [provider.id, provider]));
    const byType = new Map<string, Provider[]>();
    for (const provider of this.#list.providers) {
      const known = byType.get(provider.type);
      if (known) known.push(provider);
      else byType.set(provider.type, [provider]);
    }
    this.#byType = byType;
  }
}

/** What time alone may change of a provider, but for its date: what is lost lapses, and others are believed in its place. */
const BELIEFS = ['id', 'node', 'host', 'description', 'stale', 'barred'] as const;

function isSameList(before: readonly Provider[], after: readonly Provider[]): boolean {
  return before.length === after.length && after.every((provider, at) => isSame(provider, before[at] as Provider));
}

function isSame(a: Provider, b: Provider): boolean {
  const isAlike = a.sources.length === b.sources.length && a.contradictions?.length === b.contradictions?.length;
  return isAlike && BELIEFS.every((name) => a[name] === b[name]);
}

/** What the owner had announced, remembered from one start of the panel to the next. */
import { isDeepStrictEqual } from 'node:util';
import type { WireEntry } from '../../announcement/tag-write.js';
import type { SettingStore } from '../../store/index.js';

/**
 * Why an announcement was ended that nobody here asked to end: the service did not run, nothing listened on its port where
 * neighbours reach it, or another program took it away.
 */
export const WITHDRAWALS = ['not-running', 'silent', 'removed'] as const;
export type Withdrawal = (typeof WITHDRAWALS)[number];

/** What the owner had announced. */
export interface Publication {
  readonly entry: WireEntry;
  /** The unit that ran when it was announced: as long as it runs, the announcement stands. null = none did. */
  readonly unit: string | null;
  /** No Serf agent was there to be told of it yet: only the local network knows. */
  readonly untold: boolean;
  /** When, ms since the epoch. */
  readonly at: number;
  /** Why it is not announced any more although nobody said so; null while it is. */
  readonly withdrawn: { readonly at: number; readonly why: Withdrawal } | null;
}

/** Names of the settings. */
const SETTING = 'published';
const RUNS_SETTING = 'published-runs';

export class Publications {
  readonly #settings: SettingStore;

  constructor(settings: SettingStore) {
    this.#settings = settings;
  }

  /** By key: the wire word, or the word and the port for a second one of the same word. */
  all(): ReadonlyMap<string, Publication> {
    const stored = Object.entries(this.#read<Publication>(SETTING));
    // An earlier version announced through Serf alone, and did not say so.
    return new Map(stored.map(([key, publication]) => [key, { ...publication, untold: publication.untold ?? false }]));
  }

  /** Where the announcement that stands at that place is remembered, or would be. */
  keyOf(entry: WireEntry): string {
    const all = this.all();
    const known = [...all].find(([, publication]) => isSamePlace(publication.entry, entry));
    if (known) return known[0];
    return (all.get(entry.s)?.withdrawn ?? null) === null && all.has(entry.s) ? `${entry.s} ${entry.p}` : entry.s;
  }

  /** null forgets it. */
  set(key: string, publication: Publication | null): void {
    this.#put(SETTING, key, publication);
    if (publication === null) this.setRun(key, null);
  }

  /** The run of the Serf agent in whose tag it was last seen; null where that is not known. */
  run(key: string): string | null {
    return this.#read<string>(RUNS_SETTING)[key] ?? null;
  }

  setRun(key: string, run: string | null): void {
    if (this.run(key) !== run) this.#put(RUNS_SETTING, key, run);
  }

  /** Whether that is what is remembered now: its owner may have ended it, or announced it anew, meanwhile. */
  has(key: string, publication: Publication): boolean {
    return isDeepStrictEqual(this.all().get(key), publication);
  }

  #read<T>(setting: string): Record<string, T> {
    const text = this.#settings.get(setting);
    return text === null ? {} : (JSON.parse(text) as Record<string, T>);
  }

  #put(setting: string, key: string, value: unknown): void {
    const { [key]: _, ...others } = this.#read(setting);
    const all = value === null ? others : { ...this.#read(setting), [key]: value };
    this.#settings.set(setting, Object.keys(all).length === 0 ? null : JSON.stringify(all));
  }
}

/** The same service at the same place, whatever else is said of it. */
const isSamePlace = (one: WireEntry, other: WireEntry) => one.s === other.s && one.i === other.i && one.p === other.p;

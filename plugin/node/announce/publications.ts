/** What the owner has announced, stored across restarts of the panel. */
import { isDeepStrictEqual } from 'node:util';
import type { WireEntry } from '../../announcement/tag-write.js';
import { type Jump, moved } from '../../lib/clock/index.js';
import type { SettingStore } from '../../store/index.js';

/**
 * Why an announcement ended without the owner's request: the service did not run, nothing listened where neighbours could
 * reach it, or another program removed it.
 */
export const WITHDRAWALS = ['not-running', 'silent', 'removed'] as const;
export type Withdrawal = (typeof WITHDRAWALS)[number];

/** One announcement of the owner's. */
export interface Publication {
  readonly entry: WireEntry;
  /** The unit that ran when it was announced; null = none did. */
  readonly unit: string | null;
  /** No Serf agent has the entry yet: only the local network does. */
  readonly untold: boolean;
  /** When, ms since the epoch. */
  readonly at: number;
  /** Why and when it ended without the owner's request; null while it is announced. */
  readonly withdrawn: { readonly at: number; readonly why: Withdrawal } | null;
}

const SETTING = 'published';
const RUNS_SETTING = 'published-runs';

export class Publications {
  readonly #settings: SettingStore;

  constructor(settings: SettingStore) {
    this.#settings = settings;
  }

  /** By key: the type id, or type id and port for a second one of the same type. */
  all(): ReadonlyMap<string, Publication> {
    const stored = Object.entries(this.#read<Publication>(SETTING));
    // An earlier version announced through Serf alone, and had no `untold`.
    return new Map(stored.map(([key, publication]) => [key, { ...publication, untold: publication.untold ?? false }]));
  }

  /** The key of the publication at the entry's place, or the one that it would get. */
  keyOf(entry: WireEntry): string {
    const all = this.all();
    const known = [...all].find(([, publication]) => isSamePlace(publication.entry, entry));
    if (known) return known[0];
    return (all.get(entry.s)?.withdrawn ?? null) === null && all.has(entry.s) ? `${entry.s} ${entry.p}` : entry.s;
  }

  /** null deletes it. */
  set(key: string, publication: Publication | null): void {
    this.#put(SETTING, key, publication);
    if (publication === null) this.setRun(key, null);
  }

  move(jump: Jump): void {
    for (const [key, publication] of this.all()) {
      const { at, withdrawn } = publication;
      const later = { at: moved(at, jump), withdrawn: withdrawn && { ...withdrawn, at: moved(withdrawn.at, jump) } };
      this.#put(SETTING, key, { ...publication, ...later });
    }
  }

  /** The run of the Serf agent in whose tag it was last seen; null where unknown. */
  run(key: string): string | null {
    return this.#read<string>(RUNS_SETTING)[key] ?? null;
  }

  setRun(key: string, run: string | null): void {
    if (this.run(key) !== run) this.#put(RUNS_SETTING, key, run);
  }

  /** Whether it is unchanged in the store: the owner may have ended it, or announced it anew, meanwhile. */
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
const isSamePlace = (a: WireEntry, b: WireEntry) => a.s === b.s && a.i === b.i && a.p === b.p;

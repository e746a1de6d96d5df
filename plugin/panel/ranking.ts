/** What is known of every provider, as one ranked list per type. What the score needs is read once and cached, small. */
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Discovery } from '../discovery/index.js';
import type { Listeners } from '../lib/listeners.js';
import { log } from '../lib/log.js';
import { DAY_MS, dayOf } from '../lib/time.js';
import type { Provider } from '../model/provider.js';
import type { Ranked } from '../model/ranked.js';
import type { Score } from '../model/score.js';
import { type Digest, scoreAt, toDigest } from '../score/index.js';
import { rank } from '../score/rank.js';
import { recommend } from '../score/recommend.js';
import type { ServiceRegistry } from '../services/contract.js';
import type { Opinion, Store } from '../store/index.js';

interface RankingDeps {
  readonly services: ServiceRegistry;
  readonly discovery: Pick<Discovery, 'providers' | 'estimates'>;
  readonly store: Pick<Store, 'ids' | 'attempts' | 'history' | 'opinions' | 'recommendations' | 'settings'>;
  /** What neighbours' experience lets expect of what was never tried, by provider; `version` grows with each change. */
  readonly hearsay?: () => { readonly expected: ReadonlyMap<string, number>; readonly version: number };
  /** How far the network's routing daemon sees an address, null where it knows no way; `version` grows with each change. */
  readonly ways?: () => { distance(address: string): number | null; readonly version: number };
  /** ms since the epoch. */
  readonly now: () => number;
}

const NO_WAYS = { distance: () => null, version: 0 };
const NO_HEARSAY = { expected: new Map<string, number>(), version: 0 };

/** What is known of one type. */
interface Known {
  /** Of the ranking, when any of this last changed. */
  version: number;
  /** Of its providers that were ever tried. */
  readonly digests: Map<string, Digest>;
  /** The days of the list's bars up to that one (days since the epoch); null after a change. */
  bars: { readonly today: number; readonly days: ReadonlyMap<string, Uint8Array> } | null;
}

interface LastRanking {
  readonly typeId: string;
  /** What it was made of, and when (ms since the epoch). */
  readonly providers: readonly Provider[];
  readonly version: string;
  readonly at: number;
  readonly rows: readonly Ranked[];
}

/** Scores fade over hours; a page asks for its list twice, and many pages may in a second. */
const RANKED_FOR_MS = 1_000;

/** How far back the bars of a list go, today included. */
const BAR_DAYS = 30;

/** Changes that are remembered; the oldest are forgotten. */
const MAX_CHANGES = 1_000;

const SEED = 'node-seed';

export class Ranking {
  readonly #deps: RankingDeps;
  readonly #changed: ReturnType<Store['attempts']['watch']>;
  readonly #known = new Map<string, Known>();
  readonly #seed: string;
  /** When something outside the measurements told of a change, ms since the epoch, by provider. */
  readonly #changes = new Map<string, number>();
  /** Guessed round-trip times by node name, ms, as last read. */
  #estimates: ReadonlyMap<string, number> = new Map();
  /** Grows with each change. */
  #version = 0;
  /** The version when everything was last read again, and when the guesses last changed. */
  #clearedAt = 0;
  #estimatedAt = 0;
  #last: LastRanking | null = null;

  constructor(deps: RankingDeps) {
    this.#deps = deps;
    this.#changed = deps.store.attempts.watch();
    this.#seed = readSeed(deps.store.settings);
  }

  /** The type's providers in ranked order. What was ranked less than a second ago is still so, unless something has changed. */
  of(typeId: string): readonly Ranked[] {
    const { discovery, now } = this.#deps;
    this.#claim();
    const providers = discovery.providers(typeId);
    const [version, at, last] = [this.version(typeId), now(), this.#last];
    const isSame = last?.typeId === typeId && last.providers === providers && last.version === version;
    if (isSame && Math.abs(at - last.at) < RANKED_FOR_MS) return last.rows;
    const rows = this.#rank(typeId, providers);
    this.#last = { typeId, providers, version, at, rows };
    return rows;
  }

  #rank(typeId: string, providers: readonly Provider[]): readonly Ranked[] {
    const { store } = this.#deps;
    const opinions = store.opinions.all(typeId);
    const guessed = providers.flatMap(({ id, node }) => {
      const estimate = this.#estimates.get(node);
      return estimate === undefined ? [] : [[id, estimate] as const];
    });
    const standing = store.recommendations.get(typeId);
    const rated = new Map([...opinions].filter(([, { stars }]) => stars.length > 0));
    return rank(providers, this.#scores(typeId, opinions), {
      unrated: rated.size === 0 ? new Map() : this.#scores(typeId, new Map(), rated),
      hidden: idsWhere(opinions, 'hidden'),
      pinned: idsWhere(opinions, 'pinned'),
      reserve: idsWhere(opinions, 'reserve'),
      recommended: standing?.provider ?? null,
      challenger: standing?.challenger ?? null,
      seed: this.#seed,
      estimates: new Map(guessed),
      distances: this.#distances(providers),
      expected: this.#hearsay.expected,
    });
  }

  #distances(providers: readonly Provider[]): ReadonlyMap<string, number> {
    const ways = this.#ways;
    const known = providers.flatMap(({ id, address }) => {
      const distance = ways.distance(address);
      return distance === null ? [] : [[id, distance] as const];
    });
    return new Map(known);
  }

  /** Changes with what the type's list is made of (with any list, where no type is given); not as scores fade with time. */
  version(typeId?: string): string {
    this.#follow();
    const known = typeId === undefined ? this.#version : this.#current(typeId).version;
    return [
      known,
      this.#estimatedAt,
      this.#deps.store.opinions.version,
      this.#hearsay.version,
      this.#ways.version,
    ].join();
  }

  get #ways() {
    return this.#deps.ways?.() ?? NO_WAYS;
  }

  get #hearsay() {
    return this.#deps.hearsay?.() ?? NO_HEARSAY;
  }

  /** What was measured of the provider until now counts less: something has changed. */
  changed(typeId: string, provider: string): void {
    this.#changes.delete(provider);
    this.#changes.set(provider, this.#deps.now());
    for (const oldest of this.#changes.keys()) if (this.#changes.size > MAX_CHANGES) this.#changes.delete(oldest);
    this.#version += 1;
    this.#update(typeId, [provider]);
  }

  /** How much was answered on each of the last 30 days, by provider (see `HistoryStore.bars`). */
  bars(typeId: string): ReadonlyMap<string, Uint8Array> {
    const { store, now } = this.#deps;
    const known = this.#current(typeId);
    const today = dayOf(now());
    if (known.bars?.today !== today)
      known.bars = { today, days: store.history.bars(typeId, (today - BAR_DAYS + 1) * DAY_MS) };
    return known.bars.days;
  }

  /** Asks Serf for the distance of its nodes: for the next list, since the answer takes a while. */
  async estimate(): Promise<void> {
    const estimates = await this.#deps.discovery.estimates();
    if (estimates !== this.#estimates && estimates.size + this.#estimates.size > 0)
      this.#estimatedAt = this.#version += 1;
    this.#estimates = estimates;
  }

  /** Settles what is measured. Other listeners come first: they look before the recommendation moves away from what fails. */
  follow(measured: Listeners<[typeId: string, providers: readonly string[]]>): () => void {
    return measured.addLast((typeId, providers) => this.settle(typeId, providers));
  }

  /** Something was measured: the day's figures of these providers and the type's recommendation follow. */
  settle(typeId: string, providers: readonly string[]): void {
    const { store } = this.#deps;
    const rows = this.of(typeId);
    // Without the owner's stars: history is for everybody.
    const scores = new Map(rows.map(({ provider, score, unrated }) => [provider.id, unrated?.score ?? score]));
    store.history.noteAll(typeId, new Map(providers.map((id) => [id, scores.get(id) ?? null])));
    const known = this.#current(typeId);
    known.bars = null;
    known.version = this.#version += 1;
    const previous = store.recommendations.get(typeId);
    const changedAt = previous ? this.#changes.get(previous.provider) : undefined;
    const next = recommend(rows, previous, { seed: this.#seed, now: this.#deps.now(), changedAt });
    if (!isDeepStrictEqual(next, previous)) store.recommendations.put(typeId, next);
  }

  /** Gives every provider its row before anything is read or measured. A full disk must not make a list unreadable. */
  #claim(): void {
    const { discovery, store } = this.#deps;
    try {
      store.ids.claim(discovery.providers());
    } catch (error) {
      log.error(error);
    }
  }

  /** @param only of these providers; of all where left out */
  #scores(
    typeId: string,
    opinions: ReadonlyMap<string, Opinion>,
    only?: Pick<ReadonlyMap<string, unknown>, 'has'>,
  ): Map<string, Score> {
    const { services, now } = this.#deps;
    const type = services.of(typeId);
    const at = now();
    const digests = [...this.#current(typeId).digests].filter(([id]) => only?.has(id) ?? true);
    return new Map(digests.map(([id, digest]) => [id, scoreAt(type, digest, at, opinions.get(id)?.stars)]));
  }

  /**
   * Only what has changed is read again: a page that polls every second during a scan costs no more than the scan. Nothing is
   * cached for a type of which nobody was tried: strangers may announce any number of them.
   */
  #current(typeId: string): Known {
    const { services, store, now } = this.#deps;
    this.#follow();
    const cached = this.#known.get(typeId);
    if (cached) return cached;
    const [type, at] = [services.of(typeId), now()];
    const read = [...store.attempts.recent(typeId)];
    const digests = new Map(read.map(([id, attempts]) => [id, toDigest(type, attempts, at, this.#changes.get(id))]));
    const isTried = read.length > 0;
    const known = { digests, bars: null, version: isTried ? this.#version : this.#clearedAt };
    if (isTried) this.#known.set(typeId, known);
    return known;
  }

  #follow(): void {
    const changed = this.#changed();
    if (changed === 'all' || changed.size > 0) this.#version += 1;
    if (changed !== 'all') {
      for (const [typeId, providers] of changed) this.#update(typeId, providers);
      return;
    }
    this.#known.clear();
    this.#clearedAt = this.#version;
  }

  #update(typeId: string, providers: Iterable<string>): void {
    const { services, store, now } = this.#deps;
    const known = this.#known.get(typeId);
    if (!known) return;
    known.bars = null;
    known.version = this.#version;
    for (const id of providers) {
      const attempts = store.attempts.of(typeId, id);
      if (attempts.length > 0)
        known.digests.set(id, toDigest(services.of(typeId), attempts, now(), this.#changes.get(id)));
      else known.digests.delete(id);
    }
    if (known.digests.size === 0) this.#known.delete(typeId);
  }
}

type Mark = 'hidden' | 'pinned' | 'reserve';

function idsWhere(opinions: ReadonlyMap<string, Opinion>, is: Mark): ReadonlySet<string> {
  return new Set([...opinions].filter(([, opinion]) => opinion[is]).map(([id]) => id));
}

/** Makes each node pick another one of equals, so that the community spreads over them; stored for good. */
function readSeed(settings: Store['settings']): string {
  const stored = settings.get(SEED);
  if (stored !== null) return stored;
  const seed = randomBytes(8).toString('hex');
  settings.set(SEED, seed);
  return seed;
}

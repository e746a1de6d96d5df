/** Finding providers: every source merged into one list, each provider once. */

import { keptOf, type SkippedRow } from '../announcement/skipped.js';
import type { Config } from '../config/index.js';
import { Listeners } from '../lib/listeners.js';
import { PanelError } from '../model/errors.js';
import type { Announcement, Provider, SourceName } from '../model/provider.js';
import { SerfRpc } from '../serf/client.js';
import { allowing } from './allowed.js';
import { idOf, type Merged as List, merge } from './merge.js';
import { Proofs, type Prove } from './proofs.js';
import { type Remembered, Seniority } from './seniority.js';
import type { Source, SourceStatus } from './source.js';
import { AvahiSource } from './sources/avahi/index.js';
import { ListSource } from './sources/list.js';
import { SerfSource } from './sources/serf/index.js';

export type { SkippedRow } from '../announcement/skipped.js';
export type { Remembered } from './seniority.js';
export type { Source, SourceStatus } from './source.js';

/** What the rest of the panel knows of discovery. */
export interface Discovery {
  /** All providers, or those of one wire word. */
  providers(type?: string): readonly Provider[];
  find(id: string): Provider | null;
  sources(): readonly SourceStatus[];
  /** Wire words under which anything is listed. */
  words(): readonly string[];
  /** Every announcement that is dated, as long as it is: what the next run of the panel is to remember. */
  dated(): Iterable<Dated>;
  /** What the source has read, each announcement by itself: the rows behind the `read` of its status. */
  announcements(source: SourceName): readonly Announcement[];
  /** What the source has left out, at most 200 of them: the rows behind the `skipped` of its status. */
  skipped(source: SourceName): readonly SkippedRow[];
  /**
   * The connection to this node's Serf agent.
   * @throws PanelError `serf-away`, `serf-refused`: why there is none now
   */
  serfClient(): SerfRpc;
  /** The `services` tag of this node as its Serf agent last told of it; null without one. */
  ownTag(): string | null;
  /**
   * Round-trip times guessed from Serf's coordinates, ms, by node name: for an order of those never measured, never to be
   * shown as measured. Empty where no agent answers. Asks the agent at most every 10 minutes.
   */
  estimates(): Promise<ReadonlyMap<string, number>>;
  /** Resolves once every source has either listed once or failed once; never later than its own limits. */
  ready(): Promise<void>;
  /** Calls back after each change of the list or of a source's state; returns the way to stop it. */
  onChange(listener: () => void): () => void;
  close(): Promise<void>;
}

/** Since when an announcer has announced a provider, ms since the epoch. */
export interface Dated {
  readonly provider: string;
  readonly announcer: string;
  readonly since: number;
}

interface DiscoveryOptions {
  readonly config: Pick<Config, 'serfRpc' | 'serfAuthKey' | 'providersFile' | 'communityRanges'> &
    Partial<Pick<Config, 'avahi'>>;
  /** Whether to ask the Serf agent; on unless turned off. */
  readonly serf?: boolean;
  /** Whether the panel knows the wire word (all, unless said otherwise): of other words only so many are listed. */
  readonly isKnown?: (word: string) => boolean;
  /** Wire words to ask the local network for; it is not asked at all without them, nor where the configuration says so. */
  readonly types?: readonly string[];
  /** Further sources; closed together with the rest. */
  readonly extra?: readonly Source[];
  /** What an earlier run of the panel heard. */
  readonly remembered?: Remembered;
  /** How it is found out whether a member is where it says. */
  readonly prove?: Prove;
  /** Wall clock, ms since the epoch. */
  readonly now?: () => number;
}

/** Starts every source that is configured. */
export function createDiscovery(options: DiscoveryOptions): Discovery {
  const { config, serf = true, types, extra = [], remembered, prove, now = Date.now, isKnown = () => true } = options;
  const { avahi = 'off' } = config;
  const seniority = new Seniority(now, remembered);
  const sources: readonly Source[] = [
    ...(serf ? [new SerfSource(config.serfRpc, config.serfAuthKey, now, seniority)] : []),
    ...(config.providersFile === null ? [] : [new ListSource(config.providersFile, now)]),
    ...(types && avahi !== 'off' ? [new AvahiSource({ types, required: avahi === 'on', now, seniority })] : []),
    ...extra,
  ];
  return new Merged({ sources, ranges: config.communityRanges, isKnown, prove, now });
}

/** Whether a Serf agent answers at the configured address, within `limitMs`; one that wants a key answers too. */
export async function serfAnswers(config: Pick<Config, 'serfRpc'>, limitMs: number): Promise<boolean> {
  try {
    const client = await SerfRpc.connect(config.serfRpc, { limitMs, signal: AbortSignal.timeout(limitMs) });
    client.close();
    return true;
  } catch {
    return false;
  }
}

/** `heardAt` of what is confirmed moves on without any change: how old the merged list may get, ms. */
const MERGED_FOR_MS = 60_000;
/** After merging more than so many, what changes next waits ten times as long as it took: events come by the thousand. */
const MANY = 500;
const PAUSE_FACTOR = 10;
const EMPTY: List = { providers: [], left: [] };

interface MergedOptions {
  readonly sources: readonly Source[];
  readonly ranges: readonly string[] | null;
  readonly isKnown: (word: string) => boolean;
  readonly prove: Prove | undefined;
  readonly now: () => number;
}

class Merged implements Discovery {
  readonly #sources: readonly Source[];
  readonly #allowed: Readonly<Record<'anywhere' | 'local', (address: string) => boolean>>;
  readonly #isKnown: (word: string) => boolean;
  readonly #proofs: Proofs;
  readonly #now: () => number;
  readonly #listeners = new Listeners();
  #list = EMPTY;
  #byId: ReadonlyMap<string, Provider> = new Map();
  #byType: ReadonlyMap<string, readonly Provider[]> = new Map();
  /** When it was merged; null after a change. */
  #mergedAt: number | null = null;
  /** Until then what changes is not merged anew; by `performance.now()`. */
  #restsUntil = 0;
  #announcing: NodeJS.Timeout | NodeJS.Immediate | null = null;

  constructor({ sources, ranges, isKnown, prove, now }: MergedOptions) {
    this.#sources = sources;
    this.#allowed = { anywhere: allowing(ranges, false), local: allowing(ranges, true) };
    this.#isKnown = isKnown;
    this.#now = now;
    const canAsk = ({ gossip }: Announcement) => gossip !== null && this.#allowedNow()(gossip.address);
    this.#proofs = new Proofs(prove, canAsk, () => this.#changed());
    for (const source of sources) source.onChange(() => this.#changed());
  }

  providers(type?: string): readonly Provider[] {
    this.#refresh();
    return type === undefined ? this.#list.providers : (this.#byType.get(type) ?? []);
  }

  words(): readonly string[] {
    this.#refresh();
    return [...this.#byType.keys()];
  }

  *dated(): Iterable<Dated> {
    for (const { announcement, announcer, since } of this.#sources.flatMap((source) => source.sightings()))
      if (announcer !== undefined && since !== undefined) yield { provider: idOf(announcement), announcer, since };
  }

  find(id: string): Provider | null {
    this.#refresh();
    return this.#byId.get(id) ?? null;
  }

  sources(): readonly SourceStatus[] {
    const left = new Map<SourceName, Record<string, number>>();
    for (const { source, reason } of this.#list.left) {
      const counts = left.get(source) ?? {};
      counts[reason] = (counts[reason] ?? 0) + 1;
      left.set(source, counts);
    }
    return this.#sources.map((source) => {
      const status = source.status();
      const skipped: Record<string, number> = { ...status.skipped };
      for (const [reason, count] of Object.entries(left.get(source.name) ?? {}))
        skipped[reason] = (skipped[reason] ?? 0) + count;
      return { ...status, skipped };
    });
  }

  announcements(source: SourceName): readonly Announcement[] {
    return this.#named(source).flatMap((one) => one.sightings().map(({ announcement }) => announcement));
  }

  skipped(source: SourceName): readonly SkippedRow[] {
    const heardAt = this.#now();
    const left = this.#list.left
      .filter((one) => one.source === source)
      .map(({ announcement: { node, type }, reason }) => ({ node, type, reason, heardAt }));
    return keptOf([...this.#named(source).flatMap((one) => one.skippedRows?.() ?? []), ...left]);
  }

  serfClient(): SerfRpc {
    const serf = this.#serf();
    if (serf) return serf.client();
    throw new PanelError(
      'serf-away',
      'The panel does not follow a Serf agent.',
      'Start it without the demo community.',
    );
  }

  ownTag(): string | null {
    return this.#serf()?.ownTag() ?? null;
  }

  async estimates(): Promise<ReadonlyMap<string, number>> {
    try {
      return (await this.#serf()?.estimates()) ?? new Map();
    } catch (error) {
      if (error instanceof PanelError) return new Map();
      throw error;
    }
  }

  async ready(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.ready()));
  }

  onChange(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  async close(): Promise<void> {
    this.#proofs.close();
    await Promise.all(this.#sources.map((source) => source.close()));
    clearTimeout(this.#announcing as NodeJS.Timeout);
    clearImmediate(this.#announcing as NodeJS.Immediate);
  }

  #named(name: SourceName): readonly Source[] {
    return this.#sources.filter((source) => source.name === name);
  }

  #serf(): SerfSource | undefined {
    return this.#sources.find((source) => source instanceof SerfSource);
  }

  /** Many changes at once are told once. */
  #changed(): void {
    this.#mergedAt = null;
    if (this.#announcing) return;
    const tell = () => {
      this.#announcing = null;
      this.#listeners.call();
    };
    const rest = this.#restsUntil - performance.now();
    this.#announcing = rest > 0 ? setTimeout(tell, rest) : setImmediate(tell);
  }

  #allowedNow(): (address: string) => boolean {
    return this.#allowed[this.#sources.some((source) => source.isLocal?.()) ? 'local' : 'anywhere'];
  }

  #refresh(): void {
    const now = this.#now();
    // A clock that was set back makes it older than nothing: then it is merged anew.
    if (this.#mergedAt !== null && this.#mergedAt <= now && now - this.#mergedAt < MERGED_FOR_MS) return;
    const began = performance.now();
    if (began < this.#restsUntil) return;
    this.#merge(now);
    this.#mergedAt = now;
    const isLong = this.#list.providers.length > MANY;
    this.#restsUntil = isLong ? began + (performance.now() - began) * PAUSE_FACTOR : 0;
  }

  #merge(now: number): void {
    const heard = this.#sources.map((source) => ({ status: source.status(), sightings: source.sightings() }));
    const allowed = this.#allowedNow();
    const isProven = (announcement: Announcement) => this.#proofs.isProven(announcement);
    this.#list = merge(heard, { allowed, now, isKnown: this.#isKnown, isProven });
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

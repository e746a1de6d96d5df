/** Finding providers: every source merged into one list, each provider once. */
import type { Config } from '../config.js';
import { PanelError } from '../errors.js';
import type { Announcement, Provider, SourceName } from '../provider.js';
import { allowing } from './allowed.js';
import { AvahiSource } from './avahi.js';
import { ListSource } from './list.js';
import { merge } from './merge.js';
import { SerfRpc } from './rpc.js';
import { SerfSource } from './serf.js';
import type { SkippedRow } from './skipped.js';
import { Listeners, type Source, type SourceStatus } from './source.js';

export type { SkippedRow } from './skipped.js';
export type { Source, SourceStatus } from './source.js';

/** What the rest of the panel knows of discovery. */
export interface Discovery {
  /** All providers, or those of one wire word. */
  providers(type?: string): readonly Provider[];
  find(id: string): Provider | null;
  sources(): readonly SourceStatus[];
  /** What the source has read, each announcement by itself: the rows behind the `read` of its status. */
  announcements(source: SourceName): readonly Announcement[];
  /** What the source has left out, at most 200 of them: the rows behind the `skipped` of its status. */
  skipped(source: SourceName): readonly SkippedRow[];
  /**
   * The connection to this node's Serf agent.
   * @throws PanelError `serf-away`, `serf-refused`: why there is none now
   */
  serfClient(): SerfRpc;
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

interface DiscoveryOptions {
  readonly config: Pick<Config, 'serfRpc' | 'serfAuthKey' | 'providersFile' | 'communityRanges'> &
    Partial<Pick<Config, 'avahi'>>;
  /** Whether to ask the Serf agent; on unless turned off. */
  readonly serf?: boolean;
  /** Wire words to ask the local network for; it is not asked at all without them, nor where the configuration says so. */
  readonly types?: readonly string[];
  /** Further sources; closed together with the rest. */
  readonly extra?: readonly Source[];
  /** Wall clock, ms since the epoch. */
  readonly now?: () => number;
}

/** Starts every source that is configured. */
export function createDiscovery(options: DiscoveryOptions): Discovery {
  const { config, serf = true, types, extra = [], now = Date.now } = options;
  const { avahi = 'off' } = config;
  const sources: readonly Source[] = [
    ...(serf ? [new SerfSource(config.serfRpc, config.serfAuthKey, now)] : []),
    ...(config.providersFile === null ? [] : [new ListSource(config.providersFile, now)]),
    ...(types && avahi !== 'off' ? [new AvahiSource({ types, required: avahi === 'on', now })] : []),
    ...extra,
  ];
  return new Merged(sources, config.communityRanges, now);
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

class Merged implements Discovery {
  readonly #sources: readonly Source[];
  readonly #allowed: Readonly<Record<'anywhere' | 'local', (address: string) => boolean>>;
  readonly #now: () => number;
  readonly #listeners = new Listeners();
  #all: readonly Provider[] = [];
  #byId: ReadonlyMap<string, Provider> = new Map();
  /** When it was merged; null after a change. */
  #mergedAt: number | null = null;
  #announcing: NodeJS.Immediate | null = null;

  constructor(sources: readonly Source[], ranges: readonly string[] | null, now: () => number) {
    this.#sources = sources;
    this.#allowed = { anywhere: allowing(ranges, false), local: allowing(ranges, true) };
    this.#now = now;
    for (const source of sources) source.onChange(() => this.#changed());
  }

  providers(type?: string): readonly Provider[] {
    this.#refresh();
    return type === undefined ? this.#all : this.#all.filter((provider) => provider.type === type);
  }

  find(id: string): Provider | null {
    this.#refresh();
    return this.#byId.get(id) ?? null;
  }

  sources(): readonly SourceStatus[] {
    return this.#sources.map((source) => source.status());
  }

  announcements(source: SourceName): readonly Announcement[] {
    return this.#named(source).flatMap((one) => one.sightings().map(({ announcement }) => announcement));
  }

  skipped(source: SourceName): readonly SkippedRow[] {
    return this.#named(source).flatMap((one) => one.skippedRows?.() ?? []);
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
    await Promise.all(this.#sources.map((source) => source.close()));
    if (this.#announcing) clearImmediate(this.#announcing);
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
    this.#announcing ??= setImmediate(() => {
      this.#announcing = null;
      this.#listeners.call();
    });
  }

  #refresh(): void {
    const now = this.#now();
    // A clock that was set back makes it older than nothing: then it is merged anew.
    if (this.#mergedAt !== null && this.#mergedAt <= now && now - this.#mergedAt < MERGED_FOR_MS) return;
    const heard = this.#sources.map((source) => ({ status: source.status(), sightings: source.sightings() }));
    const local = this.#sources.some((source) => source.isLocal?.());
    this.#all = merge(heard, this.#allowed[local ? 'local' : 'anywhere'], now);
    this.#byId = new Map(this.#all.map((provider) => [provider.id, provider]));
    this.#mergedAt = now;
  }
}

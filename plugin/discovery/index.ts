/** Finding providers: every source merged into one list, each provider once. */

import { capRows, type SkippedRow } from '../announcement/skipped.js';
import type { Config } from '../config/index.js';
import { fixedTime, type Time } from '../lib/clock/index.js';
import { Listeners } from '../lib/listeners.js';
import { PanelError } from '../model/errors.js';
import type { Announcement, Provider } from '../model/provider.js';
import { SerfRpc } from '../serf/client.js';
import { createAddressCheck } from './allowed.js';
import { type Merged as List, merge, providerIdOf } from './merge.js';
import { Proofs, type Prove } from './proofs.js';
import { type Memory, NO_MEMORY, Seniority } from './seniority.js';
import type { Agent, Source, SourceStatus, SourceType } from './source.js';

export type { SkippedRow } from '../announcement/skipped.js';
export { loadSources } from './registry.js';
export type { Memory } from './seniority.js';
export type { Source, SourceStatus, SourceType } from './source.js';

/** What the rest of the panel knows of discovery. */
export interface Discovery {
  /** All providers, or those of one service type. */
  providers(type?: string): readonly Provider[];
  find(id: string): Provider | null;
  sources(): readonly SourceStatus[];
  /** Every source that the panel knows, whether or not it is open here. */
  readonly sourceTypes: readonly SourceType[];
  /** The source that follows this node's Serf agent; null where none does. */
  agent(): SourceStatus | null;
  /** Service types of which anything is listed. */
  words(): readonly string[];
  /** Grows with each change of the list or of a source's state; not as what is confirmed again and again gets a later date. */
  version(): number;
  /** Every dated announcement: what the next run of the panel should remember. */
  dated(): Iterable<Dated>;
  /** Every announcement that the source has read: the rows behind `read` in its status. */
  announcements(source: string): readonly Announcement[];
  /** What the source has skipped, at most 200: the rows behind `skipped` in its status. */
  skipped(source: string): readonly SkippedRow[];
  /**
   * The connection to this node's Serf agent.
   * @throws PanelError `serf-away`, `serf-refused`: why there is none now
   */
  serfClient(): SerfRpc;
  /** This node's `services` tag, as its Serf agent last reported it; null without one. */
  ownTag(): string | null;
  /**
   * Round-trip times estimated from Serf's coordinates, ms, by node name: they order what was never measured, and are never
   * shown as measured. Empty where no agent answers. Asks the agent at most every 10 minutes.
   */
  estimates(): Promise<ReadonlyMap<string, number>>;
  /** Resolves once every source has listed once or failed once, within its own limits. */
  ready(): Promise<void>;
  /** Calls back after each change of the list or of a source's state. @returns a function that stops it */
  onChange(listener: () => void): () => void;
  close(): Promise<void>;
}

/** When an announcer first announced a provider. */
export interface Dated {
  readonly provider: string;
  readonly announcer: string;
  /** ms since the epoch */
  readonly since: number;
}

interface DiscoveryOptions {
  readonly config: Config;
  /** What `loadSources` has read, and further ones. */
  readonly sources: readonly SourceType[];
  /** Which of them to open; all, unless told otherwise. */
  readonly isWanted?: (source: SourceType) => boolean;
  /** Whether the panel knows the service type (all, unless told otherwise): of unknown ones only so many are listed. */
  readonly isKnown?: (typeId: string) => boolean;
  /** Service types to ask the local network for; without them it is not asked at all. */
  readonly types?: readonly string[];
  /** What an earlier run of the panel heard. */
  readonly memory?: Memory;
  /** Finds out whether a member is where it says. */
  readonly prove?: Prove;
  /** Wall clock, ms since the epoch. */
  readonly now?: () => number;
  /** The same, where it may be set meanwhile: sources then date by what has passed, and what is shown moves along. */
  readonly time?: Time;
}

/** Opens every source that is configured. */
export function createDiscovery(options: DiscoveryOptions): Discovery {
  const { config, sources, isWanted = () => true, types = [], memory = NO_MEMORY, prove } = options;
  const { now = Date.now, time = fixedTime(now) } = options;
  const steady = () => time.steady();
  const context = { types, now: steady, seniority: new Seniority(steady, inMoments(memory, time)) };
  const open = sources.filter(isWanted).flatMap((type): OpenSource[] => {
    const source = type.open(config, context);
    return source === null ? [] : [{ type, source }];
  });
  const { isKnown = () => true } = options;
  return new Merged({ types: sources, open, ranges: config.communityRanges, isKnown, prove, time });
}

function inMoments(memory: Memory, time: Time): Memory {
  const moment = (date: number | null) => (date === null ? null : time.moment(date));
  return {
    announcer: (announcer) => moment(memory.announcer(announcer)),
    claim: (provider, announcer) => moment(memory.claim(provider, announcer)),
  };
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

/** How old the merged list may get, ms: `heardAt` of what is confirmed moves on without any change. */
const MERGED_FOR_MS = 60_000;
/** Above this size, the next merge waits ten times as long as the last one took: events come by the thousand. */
const MANY = 500;
const PAUSE_FACTOR = 10;
const EMPTY: List = { providers: [], dropped: [] };

interface OpenSource {
  readonly type: SourceType;
  readonly source: Source;
}

interface MergedOptions {
  readonly types: readonly SourceType[];
  readonly open: readonly OpenSource[];
  readonly ranges: readonly string[] | null;
  readonly isKnown: (typeId: string) => boolean;
  readonly prove: Prove | undefined;
  readonly time: Time;
}

class Merged implements Discovery {
  readonly sourceTypes: readonly SourceType[];
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

  constructor({ types, open, ranges, isKnown, prove, time }: MergedOptions) {
    this.sourceTypes = types;
    this.#open = open;
    this.#allowed = { anywhere: createAddressCheck(ranges, false), local: createAddressCheck(ranges, true) };
    this.#isKnown = isKnown;
    this.#time = time;
    this.#forgetTime = time.onJump(() => this.#changed());
    const canAsk = ({ gossip }: Announcement) => gossip !== null && this.#allowedNow()(gossip.address);
    this.#proofs = new Proofs(prove, canAsk, () => this.#changed());
    for (const { source } of open) source.onChange(() => this.#changed());
  }

  providers(type?: string): readonly Provider[] {
    this.#refresh();
    return type === undefined ? this.#list.providers : (this.#byType.get(type) ?? []);
  }

  words(): readonly string[] {
    this.#refresh();
    return [...this.#byType.keys()];
  }

  version(): number {
    this.#refresh();
    return this.#version;
  }

  *dated(): Iterable<Dated> {
    for (const { announcement, announcer, since } of this.#open.flatMap(({ source }) => source.sightings()))
      if (announcer !== undefined && since !== undefined)
        yield { provider: providerIdOf(announcement), announcer, since: this.#time.date(since) };
  }

  find(id: string): Provider | null {
    this.#refresh();
    return this.#byId.get(id) ?? null;
  }

  sources(): readonly SourceStatus[] {
    return this.#open.map((source) => this.#status(source));
  }

  agent(): SourceStatus | null {
    const followed = this.#open.find(({ source }) => source.agent);
    return followed ? this.#status(followed) : null;
  }

  announcements(source: string): readonly Announcement[] {
    return (
      this.#find(source)
        ?.sightings()
        .map(({ announcement }) => announcement) ?? []
    );
  }

  skipped(source: string): readonly SkippedRow[] {
    const heardAt = this.#time.steady();
    const dropped = this.#list.dropped
      .filter((row) => row.source === source)
      .map(({ announcement: { node, type }, reason }) => ({ node, type, reason, heardAt }));
    const rows = capRows([...(this.#find(source)?.skippedRows?.() ?? []), ...dropped]);
    return rows.map((row) => ({ ...row, heardAt: this.#time.date(row.heardAt) }));
  }

  serfClient(): SerfRpc {
    const agent = this.#agent();
    if (agent) return agent.client();
    throw new PanelError(
      'serf-away',
      'The panel does not follow a Serf agent.',
      'Start it without the demo community.',
    );
  }

  ownTag(): string | null {
    return this.#agent()?.ownTag() ?? null;
  }

  async estimates(): Promise<ReadonlyMap<string, number>> {
    try {
      return (await this.#agent()?.estimates()) ?? new Map();
    } catch (error) {
      if (error instanceof PanelError) return new Map();
      throw error;
    }
  }

  async ready(): Promise<void> {
    await Promise.all(this.#open.map(({ source }) => source.ready()));
  }

  onChange(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  async close(): Promise<void> {
    this.#forgetTime();
    this.#proofs.close();
    await Promise.all(this.#open.map(({ source }) => source.close()));
    clearTimeout(this.#notification as NodeJS.Timeout);
    clearImmediate(this.#notification as NodeJS.Immediate);
  }

  #find(id: string): Source | undefined {
    return this.#open.find(({ type }) => type.id === id)?.source;
  }

  #agent(): Agent | undefined {
    return this.#open.find(({ source }) => source.agent)?.source.agent;
  }

  /** What was dropped in merging counts as skipped by the source that announced it. */
  #status({ type, source }: OpenSource): SourceStatus {
    const status = source.status();
    const skipped: Record<string, number> = { ...status.skipped };
    for (const row of this.#list.dropped)
      if (row.source === type.id) skipped[row.reason] = (skipped[row.reason] ?? 0) + 1;
    const lastUp = status.lastUp === null ? null : this.#time.date(status.lastUp);
    return { name: type.id, ...status, lastUp, skipped };
  }

  /** Listeners hear once of many changes at once. */
  #changed(): void {
    this.#mergedAt = null;
    if (this.#notification) return;
    const notify = () => {
      this.#notification = null;
      this.#listeners.call();
    };
    const wait = this.#restsUntil - performance.now();
    this.#notification = wait > 0 ? setTimeout(notify, wait) : setImmediate(notify);
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
    const reports = this.#open.map(({ type, source }) => ({
      ...{ source: type, status: source.status(), sightings: source.sightings() },
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

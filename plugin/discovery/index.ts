/** Finding providers: every source merged into one list, each provider once. */

import { capRows, type SkippedRow } from '../announcement/skipped.js';
import type { Config } from '../config/index.js';
import { fixedTime, type Time } from '../lib/clock/index.js';
import { PanelError } from '../model/errors.js';
import type { Announcement, Provider } from '../model/provider.js';
import { SerfRpc } from '../serf/client.js';
import type { Dated, Discovery } from './contract.js';
import { type ListOptions, type OpenSource, ProviderList } from './list.js';
import { providerIdOf } from './merge.js';
import type { Prove } from './proofs.js';
import { type Memory, NO_MEMORY, Seniority } from './seniority.js';
import type { Agent, Recognise, Sighting, Source, SourceStatus, SourceType } from './source.js';

export type { SkippedRow } from '../announcement/skipped.js';
export type { Dated, Discovery } from './contract.js';
export { type Machine, THIS_MACHINE } from './machine.js';
export { loadSources } from './registry.js';
export type { Memory } from './seniority.js';
export type { Source, SourceStatus, SourceType } from './source.js';

interface DiscoveryOptions {
  readonly config: Config;
  /** What `loadSources` has read, and further ones. */
  readonly sources: readonly SourceType[];
  /** Which of them to open; all, unless told otherwise. */
  readonly isWanted?: (source: SourceType) => boolean;
  /** Whether the panel knows the service type (all, unless told otherwise): of unknown ones only so many are listed. */
  readonly isKnown?: (typeId: string) => boolean;
  /** The one word for a service type that has several; each is its own unless told otherwise. */
  readonly canonical?: (typeId: string, description?: string) => string;
  /** The service type that an announced link leads to; none unless told otherwise. */
  readonly recognise?: Recognise;
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
  const { canonical = (typeId) => typeId, recognise = () => null } = options;
  const context = { types, now: steady, seniority: new Seniority(steady, inMoments(memory, time)), recognise };
  const open = sources.filter(isWanted).flatMap((type): OpenSource[] => {
    const source = type.open(config, context);
    if (source === null) return [];
    return [{ type, source, isSet: type.isSet(config), sightings: () => inOneWord(source.sightings(), canonical) }];
  });
  const { isKnown = () => true } = options;
  return new Sources(sources, { open, ranges: config.communityRanges, isKnown, prove, time });
}

/** Announcements of one alias: an announcement must stay the same object until it changes. */
const renamed = new WeakMap<Announcement, Announcement>();

/** Every type by its one word. The list is the same where no other word is in it, as nearly always. */
function inOneWord(
  sightings: readonly Sighting[],
  canonical: NonNullable<DiscoveryOptions['canonical']>,
): readonly Sighting[] {
  const isAlias = ({ announcement: { type, description } }: Sighting) => canonical(type, description) !== type;
  if (!sightings.some(isAlias)) return sightings;
  return sightings.map((sighting) => {
    const { announcement } = sighting;
    if (!isAlias(sighting)) return sighting;
    const type = canonical(announcement.type, announcement.description);
    const known = renamed.get(announcement) ?? { ...announcement, type };
    renamed.set(announcement, known);
    return { ...sighting, announcement: known };
  });
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

const NOT_HERE: Omit<SourceStatus, 'name'> = { state: 'off', lastUp: null, read: 0, skipped: {} };

class Sources implements Discovery {
  readonly sourceTypes: readonly SourceType[];
  readonly #open: readonly OpenSource[];
  readonly #list: ProviderList;
  readonly #time: Time;

  constructor(types: readonly SourceType[], options: ListOptions) {
    this.sourceTypes = types;
    this.#open = options.open;
    this.#list = new ProviderList(options);
    this.#time = options.time;
  }

  providers(type?: string): readonly Provider[] {
    return this.#list.all(type);
  }

  words(): readonly string[] {
    return this.#list.types();
  }

  version(): number {
    return this.#list.version();
  }

  *dated(): Iterable<Dated> {
    for (const { announcement, announcer, since } of this.#open.flatMap(({ sightings }) => sightings()))
      if (announcer !== undefined && since !== undefined)
        yield { provider: providerIdOf(announcement), announcer, since: this.#time.date(since) };
  }

  find(id: string): Provider | null {
    return this.#list.find(id);
  }

  sources(): readonly SourceStatus[] {
    return this.#open.map((source) => this.#status(source));
  }

  agent(): SourceStatus | null {
    const followed = this.#open.find(({ source }) => source.agent);
    return followed ? this.#status(followed) : null;
  }

  announcements(source: string): readonly Announcement[] {
    const open = this.#open.find(({ type }) => type.id === source);
    return open?.sightings().map(({ announcement }) => announcement) ?? [];
  }

  skipped(source: string): readonly SkippedRow[] {
    const heardAt = this.#time.steady();
    const dropped = this.#list
      .dropped()
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

  refresh(): void {
    for (const { source } of this.#open) source.refresh?.();
  }

  onChange(listener: () => void): () => void {
    return this.#list.onChange(listener);
  }

  async close(): Promise<void> {
    this.#list.close();
    await Promise.all(this.#open.map(({ source }) => source.close()));
    this.#list.end();
  }

  #find(id: string): Source | undefined {
    return this.#open.find(({ type }) => type.id === id)?.source;
  }

  #agent(): Agent | undefined {
    return this.#open.find(({ source }) => source.agent)?.source.agent;
  }

  /** What was dropped in merging counts as skipped by the source that announced it. */
  #status(open: OpenSource): SourceStatus {
    const { type, source } = open;
    const status = this.#isMissed(open) ? source.status() : NOT_HERE;
    const skipped: Record<string, number> = { ...status.skipped };
    for (const row of this.#list.dropped())
      if (row.source === type.id) skipped[row.reason] = (skipped[row.reason] ?? 0) + 1;
    const lastUp = status.lastUp === null ? null : this.#time.date(status.lastUp);
    return { name: type.id, ...status, lastUp, skipped, ...(open.isSet && { isSet: true }) };
  }

  /** False for what was merely tried, and never answered, on a node that hears its neighbours by other ways. */
  #isMissed({ source, isSet }: OpenSource): boolean {
    const { state, lastUp } = source.status();
    if (isSet || state !== 'away' || lastUp !== null) return true;
    return !this.#open.some((other) => other.isSet && other.source.status().state !== 'off');
  }
}

/** The panel without its pages: every room built and wired, left to right. Pages, API and command line all read from here. */
import { join } from 'node:path';
import type { Config } from './config.js';
import { connectOf, connectTools } from './connect/index.js';
import { createDiscovery, type Discovery, type Source, type SourceStatus, serfAnswers } from './discovery/index.js';
import { PanelError } from './errors.js';
import { type Job, Jobs } from './jobs.js';
import { createLocalServices, type LocalService, type LocalServices, type Verb } from './node/index.js';
import { Scanner } from './scan/index.js';
import { type Score, scoreOf } from './score/index.js';
import { type Ranked, rank } from './score/rank.js';
import { type Connect, loadServices, type ServiceRegistry, type ServiceType } from './services/index.js';
import type { Attempt } from './store/attempts.js';
import { openStore, type Store } from './store/index.js';

export interface TypeSummary {
  /** Wire word. */
  readonly word: string;
  readonly type: ServiceType;
  readonly builtin: boolean;
  readonly providers: number;
  /** Providers tried at least once. */
  readonly measured: number;
  readonly best: Ranked | null;
  readonly local: LocalService & { readonly published: boolean };
  /** The running scan of the type, if any. */
  readonly job: Job | null;
}

export interface TypeView extends TypeSummary {
  readonly ranked: readonly Ranked[];
}

export interface ProviderView {
  readonly view: TypeView;
  readonly ranked: Ranked;
  /** What one click would do with it; null where there is nothing to do. */
  readonly connect: Connect | null;
}

export interface Panel {
  readonly config: Config;
  readonly services: ServiceRegistry;
  readonly discovery: Discovery;
  readonly jobs: Jobs;
  readonly store: Store;
  readonly local: LocalServices;
  /** True where the providers are the built-in demo community. */
  readonly demo: boolean;
  /** Every built-in type in order, then the other wire words met, by name. */
  overview(): Promise<{ readonly services: readonly TypeSummary[]; readonly sources: readonly SourceStatus[] }>;
  /** @throws PanelError unknown-type for a word that is neither built in nor announced */
  type(word: string): Promise<TypeView>;
  /** @throws PanelError unknown-type, unknown-provider */
  provider(word: string, id: string): Promise<ProviderView>;
  /**
   * Starts a scan of the type, or of one provider; where one runs already that covers it, that one is returned.
   * @throws PanelError unknown-type, unknown-provider, nothing-to-scan, budget-spent
   */
  scan(word: string, providerId?: string): Job;
  /** Starts or stops the type's own unit as a job; while one acts on it, that one is returned. @throws PanelError unknown-type */
  act(word: string, verb: Verb): Job;
  /**
   * Tells a program of this node to use the provider, as a job; while it is being told, that one is returned.
   * @throws PanelError unknown-type, unknown-provider; bad-request where there is nothing to connect
   */
  connect(word: string, providerId: string): Job;
  close(): Promise<void>;
}

/** How long the local Serf agent has to answer before the demo community stands in for it, ms. */
const SERF_LIMIT_MS = 1_000;

/**
 * Whether the demo community is to stand in: when asked for, or when nothing real is configured and no Serf agent answers.
 */
export async function wantsDemo(config: Config): Promise<boolean> {
  if (config.demo !== 'auto') return config.demo === 'on';
  return config.providersFile === null && !(await serfAnswers(config, SERF_LIMIT_MS));
}

/** Loaded only when wanted: a node with a community of its own never needs it. */
async function openDemo(now: () => number): Promise<{ source: Source; close(): Promise<void> }> {
  const [{ startDemo }, { demoSource }] = await Promise.all([import('./demo/index.js'), import('./demo/source.js')]);
  const community = await startDemo();
  return { source: demoSource(community, now), close: () => community.close() };
}

export interface PanelOptions {
  /** Whether this process serves the panel, and is not a command beside it: it then ends what an earlier one left running. */
  readonly serving?: boolean;
  /** Decided already (see `wantsDemo`); decided here when left out. */
  readonly demo?: boolean;
  /** Wall clock, ms since the epoch. */
  readonly now?: () => number;
}

/**
 * Builds every room and wires them, left to right.
 * @throws PanelError `bad-service-type`, `bad-config`
 */
export async function createPanel(
  config: Config,
  { demo, serving = false, now = Date.now }: PanelOptions = {},
): Promise<Panel> {
  const services = await loadServices();
  const store = openStore(join(config.dataDir, 'cloudy-services.sqlite'), now);
  const isDemo = demo ?? (await wantsDemo(config));
  const community = isDemo ? await openDemo(now) : null;
  const discovery = community
    ? createDiscovery({
        config: { ...config, communityRanges: ['127.0.0.0/8'] },
        serf: false,
        extra: [community.source],
        now,
      })
    : createDiscovery({ config, types: services.types.map(({ id }) => id), now });
  const jobs = new Jobs(store.jobs, now);
  if (serving) jobs.closeOrphans();
  const local = createLocalServices(services, { now });
  return new WiredPanel({ config, services, discovery, jobs, store, local, demo: isDemo, now }, () =>
    community?.close(),
  );
}

type Rooms = Pick<Panel, 'config' | 'services' | 'discovery' | 'jobs' | 'store' | 'local' | 'demo'> & {
  readonly now: () => number;
};

/** For how long a score serves, ms: samples are forgotten over hours. */
const SCORE_FOR_MS = 10_000;
const NONE: readonly Attempt[] = [];

class WiredPanel implements Panel {
  readonly config: Config;
  readonly services: ServiceRegistry;
  readonly discovery: Discovery;
  readonly jobs: Jobs;
  readonly store: Store;
  readonly local: LocalServices;
  readonly demo: boolean;
  readonly #now: () => number;
  readonly #scanner: Scanner;
  readonly #scores = new WeakMap<readonly Attempt[], { readonly at: number; readonly score: Score }>();
  readonly #closeDemo: () => Promise<void> | undefined;

  constructor(
    { config, services, discovery, jobs, store, local, demo, now }: Rooms,
    closeDemo: () => Promise<void> | undefined,
  ) {
    this.config = config;
    this.services = services;
    this.discovery = discovery;
    this.jobs = jobs;
    this.store = store;
    this.local = local;
    this.demo = demo;
    this.#now = now;
    this.#closeDemo = closeDemo;
    const ranking = (word: string) =>
      this.#ranked(word).map(({ provider, score, measuredAt }) => ({ provider, score, measuredAt }));
    this.#scanner = new Scanner({ config, services, discovery, jobs, store, ranking, now });
  }

  async overview() {
    const builtin = this.services.types.map((type) => type.id);
    const others = this.discovery.providers().map((provider) => provider.type);
    const words = [...builtin, ...[...new Set(others)].filter((word) => !this.services.has(word)).sort()];
    const states = await this.local.states();
    return { services: words.map((word) => this.#view(word, states)), sources: this.discovery.sources() };
  }

  async type(word: string): Promise<TypeView> {
    this.#assertKnown(word);
    return this.#view(word, await this.local.states());
  }

  async provider(word: string, id: string): Promise<ProviderView> {
    const view = await this.type(word);
    const ranked = view.ranked.find((one) => one.provider.id === id);
    if (!ranked) throw unknownProvider();
    return { view, ranked, connect: this.#connectOf(view.type, ranked) };
  }

  scan(word: string, providerId?: string): Job {
    this.#assertKnown(word);
    const provider = providerId === undefined ? null : this.discovery.find(providerId);
    if (providerId !== undefined && provider?.type !== word) throw unknownProvider();
    return this.#scanner.start(word, providerId);
  }

  act(word: string, verb: Verb): Job {
    if (!this.services.has(word)) throw unknownType(word);
    // A second click gets the job of the first, whatever it asks for: two at once would fight over the unit.
    const running = this.jobs
      .running()
      .find((job) => job.type === word && (job.kind === 'start' || job.kind === 'stop'));
    if (running) return running;
    return this.jobs.start({ kind: verb, type: word, provider: null, total: 1 }, async (job) => {
      await this.local.act(word, verb, job.signal);
      job.progress(1);
    });
  }

  connect(word: string, providerId: string): Job {
    this.#assertKnown(word);
    const type = this.services.of(word);
    const ranked = this.#ranked(word).find(({ provider }) => provider.id === providerId);
    if (!ranked) throw unknownProvider();
    const connect = this.#connectOf(type, ranked);
    if (!connect) {
      const hint = 'Only a neighbour’s provider that may be reached, and is not known to fail, can be connected to.';
      throw new PanelError('bad-request', 'There is nothing to connect here.', hint);
    }
    const same = (job: Job) => job.kind === 'connect' && job.provider === providerId;
    const running = this.jobs.running().find(same);
    if (running) return running;
    return this.jobs.start(
      { kind: 'connect', type: word, provider: providerId, total: 1 },
      async ({ signal, progress }) => {
        const tools = connectTools(() => this.discovery.serfClient(), signal);
        await connect.run(ranked.provider, tools, signal);
        progress(1);
      },
    );
  }

  async close(): Promise<void> {
    await this.jobs.close();
    this.#scanner.close();
    await this.discovery.close();
    await this.#closeDemo();
    this.store.close();
  }

  /** The demo's neighbours do not exist: no program of this node is told of them. */
  #connectOf(type: ServiceType, ranked: Ranked): Connect | null {
    return this.demo ? null : connectOf(type, ranked);
  }

  #assertKnown(word: string): void {
    if (!this.services.has(word) && this.discovery.providers(word).length === 0) throw unknownType(word);
  }

  #ranked(word: string): readonly Ranked[] {
    const type = this.services.of(word);
    const attempts = this.store.attempts.recent(word);
    const now = this.#now();
    const providers = this.discovery.providers(word);
    return rank(
      providers,
      new Map(providers.map(({ id }) => [id, this.#scoreOf(type, attempts.get(id) ?? NONE, now)])),
    );
  }

  /** The store hands out the same list until something is added to it, so its score need not be computed for every page. */
  #scoreOf(type: ServiceType, attempts: readonly Attempt[], now: number): Score {
    const kept = this.#scores.get(attempts);
    if (kept && now - kept.at < SCORE_FOR_MS) return kept.score;
    const score = scoreOf(type, attempts, now);
    if (attempts !== NONE) this.#scores.set(attempts, { at: now, score });
    return score;
  }

  #view(word: string, states: ReadonlyMap<string, LocalService>): TypeView {
    const ranked = this.#ranked(word);
    const local = states.get(word) ?? { unit: null, state: 'absent', enabled: false };
    return {
      word,
      type: this.services.of(word),
      builtin: this.services.has(word),
      providers: ranked.length,
      measured: ranked.filter((one) => one.attempts > 0).length,
      best: ranked.find((one) => one.recommended) ?? null,
      local: { ...local, published: ranked.some(({ provider }) => provider.self && !provider.stale) },
      job: this.jobs.running().find((job) => job.kind === 'scan' && job.type === word) ?? null,
      ranked,
    };
  }
}

function unknownType(word: string): PanelError {
  return new PanelError(
    'unknown-type',
    `Nobody here announces a service "${word.slice(0, 32)}".`,
    'Choose one from the list of services.',
  );
}

function unknownProvider(): PanelError {
  return new PanelError(
    'unknown-provider',
    'This provider is not announced any more.',
    'Look at the list again; it may have changed its address.',
  );
}

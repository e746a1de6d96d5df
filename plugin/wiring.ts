/** The rooms wired into one panel, left to right. */
import type { Config } from './config.js';
import { connectOf, connectTools } from './connect/index.js';
import type { Discovery } from './discovery/index.js';
import { PanelError } from './errors.js';
import type { Job, Jobs } from './jobs.js';
import type { LocalService, LocalServices, Verb } from './node/index.js';
import type { Panel, ProviderView, TypeView } from './panel.js';
import { Ranking } from './ranking.js';
import { Scanner } from './scan/index.js';
import type { Ranked } from './score/rank.js';
import type { Connect, ServiceRegistry, ServiceType } from './services/index.js';
import type { Store } from './store/index.js';

export type Rooms = Pick<Panel, 'config' | 'services' | 'discovery' | 'jobs' | 'store' | 'local' | 'demo'> & {
  readonly now: () => number;
};

export class WiredPanel implements Panel {
  readonly config: Config;
  readonly services: ServiceRegistry;
  readonly discovery: Discovery;
  readonly jobs: Jobs;
  readonly store: Store;
  readonly local: LocalServices;
  readonly demo: boolean;
  readonly #scanner: Scanner;
  readonly #ranking: Ranking;
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
    this.#ranking = new Ranking({ services, discovery, store, now });
    this.#closeDemo = closeDemo;
    const ranking = (word: string) =>
      this.#ranking.of(word).map(({ provider, score, measuredAt }) => ({ provider, score, measuredAt }));
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
    const ranked = this.#ranking.of(word).find(({ provider }) => provider.id === providerId);
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

  #view(word: string, states: ReadonlyMap<string, LocalService>): TypeView {
    const ranked = this.#ranking.of(word);
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

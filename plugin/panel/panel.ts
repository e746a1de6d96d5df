/** The rooms wired into one panel, left to right. */
import { Community } from '../community/index.js';
import type { Config } from '../config/index.js';
import type { Discovery } from '../discovery/index.js';
import { logPresence } from '../discovery/presence.js';
import type { Jobs } from '../jobs/index.js';
import type { Time } from '../lib/clock/index.js';
import { Listeners } from '../lib/listeners.js';
import { log } from '../lib/log.js';
import { PanelError } from '../model/errors.js';
import type { Job } from '../model/job.js';
import type { Ranked } from '../model/ranked.js';
import type { LocalService } from '../model/unit.js';
import { rememberAnnouncers } from '../node/announcers.js';
import type { OwnServices } from '../node/own-service.js';
import { rememberPeers } from '../node/peers.js';
import { ABSENT, type OwnedLocalServices } from '../node/systemd/index.js';
import type { Account } from '../probe/index.js';
import { Routing, type RoutingDaemon } from '../routing/index.js';
import type { Measurer } from '../scan/attempt/measurer.js';
import { PAUSES } from '../scan/recent.js';
import { Scanner } from '../scan/scanner.js';
import { Terms } from '../scan/scheduler/terms.js';
import { Scheduler } from '../scan/scheduler.js';
import type { Quote } from '../scan/selection.js';
import type { Connect, ServiceRegistry, ServiceType } from '../services/contract.js';
import type { Store } from '../store/index.js';
import { type Change, followChanges } from './changes.js';
import { connectAction, connectTools } from './connect.js';
import type { Panel, ProviderView, TypeSummary, TypeView, Version } from './contract.js';
import { Ranking } from './ranking.js';
import { Rerouted } from './rerouted.js';

export type Rooms = Pick<Panel, 'config' | 'services' | 'demo'> & {
  readonly discovery: Discovery;
  readonly jobs: Jobs;
  readonly store: Store;
  readonly local: OwnedLocalServices;
  readonly own: OwnServices;
  /** Whether this process serves the panel: then it measures in the background where that is on. */
  readonly serving: boolean;
  readonly measurer: Measurer;
  /** Those that the option may name. */
  readonly daemons: readonly RoutingDaemon[];
  readonly time: Time;
};

/** Looks beyond the first at a provider that may be in another place: one alone may mislead, and the old ones count no more. */
const MORE_LOOKS = 2;

export class WiredPanel implements Panel {
  readonly config: Config;
  readonly services: ServiceRegistry;
  readonly discovery: Discovery;
  readonly jobs: Jobs;
  readonly store: Store;
  readonly local: OwnedLocalServices;
  readonly own: OwnServices;
  readonly demo: boolean;
  readonly time: Time;
  readonly background: Scheduler;
  readonly community: Community;
  readonly routing: Routing;
  readonly #scanner: Scanner;
  readonly #ranking: Ranking;
  readonly #measured = new Listeners<[type: string, providers: readonly string[]]>();
  readonly #isServing: boolean;
  readonly #closeDemo: () => Promise<void> | undefined;
  /** Stop recording the community as it changes. */
  readonly #forget: (() => void)[];

  constructor(
    { config, services, discovery, jobs, store, local, own, measurer, daemons, demo, serving, time }: Rooms,
    closeDemo: () => Promise<void> | undefined,
  ) {
    this.config = config;
    this.services = services;
    this.discovery = discovery;
    this.jobs = jobs;
    this.store = store;
    this.local = local;
    this.own = own;
    this.demo = demo;
    this.time = time;
    const now = () => time.now();
    const [hearsay, ways] = [() => this.community.hearsay, () => this.routing];
    this.#ranking = new Ranking({ services, discovery, store, now, hearsay, ways });
    this.#isServing = serving;
    this.#closeDemo = closeDemo;
    const kept = () => [
      rememberPeers(discovery, store.settings),
      rememberAnnouncers(discovery, store.announcers, now),
      logPresence(discovery),
    ];
    this.#forget = [
      ...(serving && !demo ? kept() : []),
      time.onJump((jump) => jobs.move(jump)),
      time.onJump((jump) => own.move(jump)),
    ];
    const ranking = (typeId: string) => this.#ranking.of(typeId);
    this.#ranking.follow(this.#measured);
    const ended = (typeId: string, providers: readonly string[]) => this.#measured.call(typeId, providers);
    const scanning = { config, services, discovery, jobs, store, ranking, now, time };
    const terms = new Terms(store.settings, config.scanBytesPerDay);
    this.#scanner = new Scanner({ ...scanning, ended, measurer, terms, ...(serving && { pauses: PAUSES }) });
    this.background = new Scheduler({ ...scanning, scanner: this.#scanner, terms });
    const spend = (bytes: number) => this.#scanner.spend(bytes);
    const report = (typeId: string, provider: string) => this.changed(typeId, provider, 'reported');
    this.community = new Community({ config, services, discovery, store, ranking, time, spend, report });
    this.routing = this.#routing(demo ? { routing: 'off' } : config, daemons, ranking);
    this.onMeasured((typeId, providers) => this.community.measured(typeId, providers));
    if (!serving) return;
    this.background.start();
    this.routing.start();
    const tell = (typeId: string, provider: string, change: Change) => this.changed(typeId, provider, change);
    // The demo's neighbours do not exist: there is nobody to tell.
    if (!demo) void this.community.start();
    this.#forget.push(followChanges({ discovery, steady: () => time.steady(), tell }));
  }

  #routing(
    config: Pick<Config, 'routing'>,
    daemons: readonly RoutingDaemon[],
    ranking: (typeId: string) => readonly Ranked[],
  ): Routing {
    const { discovery, time } = this;
    const rerouted = new Rerouted({
      ...{ discovery, ranking, steady: () => time.steady() },
      age: (typeId, provider) => this.#ranking.changed(typeId, provider),
      look: (typeId, provider, more) => this.background.look(typeId, provider, more),
    });
    return new Routing({ config, daemons, discovery, time, changed: (ways) => rerouted.changed(ways) });
  }

  changed(typeId: string, provider: string, change: Change): void {
    const row = this.#ranking.of(typeId).find((known) => known.provider.id === provider);
    // Strangers may announce any number of providers, and take them back.
    if (!row || row.samples === 0) return;
    if (change === 'moved') this.#ranking.changed(typeId, provider);
    this.background.look(typeId, provider, change === 'moved' ? MORE_LOOKS : 0);
  }

  async overview() {
    const builtin = this.services.types.map((type) => type.id);
    const others = this.discovery.words().filter((typeId) => !this.services.has(typeId));
    const typeIds = [...builtin, ...others.sort()];
    const states = await this.local.states();
    return { services: typeIds.map((typeId) => this.#view(typeId, states)), sources: this.discovery.sources() };
  }

  async type(typeId: string): Promise<TypeView> {
    this.#assertKnown(typeId);
    // For the next request: the answer may take a while.
    this.#ranking.estimate().catch(log.error);
    const states = await this.local.states();
    return { ...this.#view(typeId, states), bars: this.bars(typeId), scan: this.quote(typeId) };
  }

  quote(typeId: string): Quote {
    return this.#scanner.quote(typeId);
  }

  bars(typeId: string): ReadonlyMap<string, Uint8Array> {
    return this.#ranking.bars(typeId);
  }

  async provider(typeId: string, id: string): Promise<ProviderView> {
    const view = await this.type(typeId);
    const ranked = view.ranked.find(({ provider }) => provider.id === id);
    if (!ranked) throw unknownProvider();
    return { view, ranked, connect: this.#connectAction(view.type, ranked) };
  }

  version(typeId?: string): Version {
    this.#ranking.estimate().catch(log.error);
    const { jobs } = this;
    const isMoving = jobs.running().some(({ type }) => typeId === undefined || type === typeId);
    const lists = `${this.discovery.version()} ${isMoving ? '' : this.#ranking.version(typeId)}`;
    const coarse = `${lists} ${jobs.version(typeId, false)}`;
    const exact = isMoving ? `${lists} ${this.#ranking.version(typeId)} ${jobs.version(typeId)}` : coarse;
    return { exact, coarse };
  }

  scan(typeId: string, providerId?: string, options: { readonly account?: Account | undefined } = {}): Job {
    this.#assertKnown(typeId);
    const provider = providerId === undefined ? null : this.discovery.find(providerId);
    if (providerId !== undefined && provider?.type !== typeId) throw unknownProvider();
    this.discovery.refresh();
    return this.#scanner.start(typeId, providerId, options);
  }

  connect(typeId: string, providerId: string): Job {
    this.#assertKnown(typeId);
    const type = this.services.of(typeId);
    const ranked = this.#ranking.of(typeId).find(({ provider }) => provider.id === providerId);
    if (!ranked) throw unknownProvider();
    const connect = this.#connectAction(type, ranked);
    if (!connect) {
      const hint = 'Only a neighbour’s provider that may be reached, and is not known to fail, can be connected to.';
      throw new PanelError('bad-request', 'There is nothing to connect here.', hint);
    }
    const same = (job: Job) => job.kind === 'connect' && job.provider === providerId;
    const running = this.jobs.running().find(same);
    if (running) return running;
    return this.jobs.start(
      { kind: 'connect', type: typeId, provider: providerId, total: 1 },
      async ({ signal, progress }) => {
        const tools = connectTools(() => this.discovery.serfClient(), signal);
        await connect.run(ranked.provider, tools, signal).catch((error) => {
          this.changed(typeId, providerId, 'bad');
          throw error;
        });
        progress(1);
      },
    );
  }

  onMeasured(listener: (type: string, providers: readonly string[]) => void): () => void {
    return this.#measured.add(listener);
  }

  async close(): Promise<void> {
    await Promise.all([this.jobs.close(), this.background.close(), this.routing.close()]);
    await this.#scanner.close();
    for (const forget of this.#forget) forget();
    this.local.close();
    // Own services first: their work needs the connection to the agent.
    await Promise.all([this.own.close(), this.community.close(), this.discovery.close()]);
    await this.#closeDemo();
    this.store.close();
    if (this.#isServing && this.store.unkept)
      log.warning('What was only in memory is lost: the disk could not be written.');
  }

  /** The demo's neighbours do not exist: no program of this node may connect to them. */
  #connectAction(type: ServiceType, ranked: Ranked): Connect | null {
    return this.demo ? null : connectAction(type, ranked);
  }

  #assertKnown(typeId: string): void {
    if (!this.services.has(typeId) && this.discovery.providers(typeId).length === 0) throw unknownType(typeId);
  }

  #view(typeId: string, states: ReadonlyMap<string, LocalService>): TypeSummary {
    const ranked = this.#ranking.of(typeId);
    const local = states.get(typeId) ?? ABSENT;
    return {
      typeId,
      type: this.services.of(typeId),
      builtin: this.services.has(typeId),
      providers: ranked.length,
      measured: ranked.filter(({ attempts }) => attempts > 0).length,
      best: ranked.find(({ recommended }) => recommended) ?? null,
      local: { ...local, published: ranked.some(({ provider }) => provider.self && !provider.stale) },
      job: this.jobs.running().find((job) => job.kind === 'scan' && job.type === typeId) ?? null,
      ranked,
    };
  }
}

function unknownType(typeId: string): PanelError {
  return new PanelError(
    'unknown-type',
    `Nobody here announces a service "${typeId.slice(0, 32)}".`,
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

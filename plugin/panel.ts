/** The panel without its pages: every room built and wired, left to right. Pages, API and command line all read from here. */
import { join } from 'node:path';
import type { AlertDeps, Alerts } from './alerts/index.js';
import type { Config } from './config.js';
import { createDiscovery, type Discovery, type Source, type SourceStatus, serfAnswers } from './discovery/index.js';
import { type Job, Jobs } from './jobs.js';
import { announcedHost } from './node/host.js';
import { createLocalServices, type LocalService, type LocalServices } from './node/index.js';
import { type Own, OwnServices } from './node/own.js';
import type { Account } from './probe/index.js';
import { answersByName } from './probe/memberlist.js';
import { Pinger } from './probe/ping.js';
import type { Quote, Scheduler } from './scan/index.js';
import type { Ranked } from './score/rank.js';
import { type Connect, loadServices, type ServiceRegistry, type ServiceType } from './services/index.js';
import { openStore, type SettingStore, type Store } from './store/index.js';
import { type Rooms, WiredPanel } from './wiring.js';

export interface TypeSummary {
  /** Wire word. */
  readonly word: string;
  readonly type: ServiceType;
  readonly builtin: boolean;
  readonly providers: number;
  /** Providers tried at least once. */
  readonly measured: number;
  readonly ranked: readonly Ranked[];
  readonly best: Ranked | null;
  readonly local: LocalService & { readonly published: boolean };
  /** The running scan of the type, if any. */
  readonly job: Job | null;
}

export interface TypeView extends TypeSummary {
  /** By provider, how much was answered on each of the last 30 days (see `HistoryStore.bars`). */
  readonly bars: ReadonlyMap<string, Uint8Array>;
  /** What a scan of all would be now. */
  readonly scan: Quote;
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
  /** This node's own services: acted on, announced, their logs. */
  readonly own: Own;
  /** Measuring without being asked. */
  readonly background: Pick<Scheduler, 'status' | 'on' | 'off'>;
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
   * @param options an account that a person offers for this scan of one provider
   * @throws PanelError unknown-type, unknown-provider, nothing-to-scan, budget-spent
   */
  scan(word: string, providerId?: string, options?: { readonly account?: Account | undefined }): Job;
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

/** Name of the setting: where the demo was, so that its providers are the same ones for a command and for the next panel. */
const DEMO_NETWORK = 'demo-network';

/** Loaded only when wanted: a node with a community of its own never needs it. */
async function openDemo(
  now: () => number,
  settings: SettingStore,
): Promise<{ source: Source; pinger: Rooms['pinger']; close(): Promise<void> }> {
  const [{ startDemo }, { demoSource }, { demoPinger: pinger }] = await Promise.all([
    import('./demo/index.js'),
    import('./demo/source.js'),
    import('./demo/ping.js'),
  ]);
  const kept = settings.get(DEMO_NETWORK);
  const community = await startDemo(kept === null ? {} : { network: kept });
  if (kept === null) settings.set(DEMO_NETWORK, community.network);
  return { source: demoSource(community, now), pinger, close: () => community.close() };
}

/** Loaded only where somebody wants to be told. */
async function openAlerts(deps: AlertDeps, url: string | null): Promise<Alerts | null> {
  return url === null ? null : (await import('./alerts/index.js')).openAlerts(deps, url);
}

export interface PanelOptions {
  /** Whether this process serves the panel, and is not a command beside it: it then ends what an earlier one left running. */
  readonly serving?: boolean;
  /** Decided already (see `wantsDemo`); decided here when left out. */
  readonly demo?: boolean;
  /** Wall clock, ms since the epoch. */
  readonly now?: () => number;
  /** The name that is announced as this node's; the one that its Cloudy uses where left out. */
  readonly host?: () => string;
}

/**
 * Builds every room and wires them, left to right.
 * @throws PanelError `bad-service-type`, `bad-config`
 */
export async function createPanel(
  config: Config,
  { demo, serving = false, now = Date.now, host = announcedHost }: PanelOptions = {},
): Promise<Panel> {
  const services = await loadServices();
  const store = openStore(join(config.dataDir, 'cloudy-services.sqlite'), now);
  const isDemo = demo ?? (await wantsDemo(config));
  const community = isDemo ? await openDemo(now, store.settings) : null;
  const discovery = community
    ? createDiscovery({
        config: { ...config, communityRanges: ['127.0.0.0/8'] },
        serf: false,
        extra: [community.source],
        now,
      })
    : createDiscovery({
        ...{ config, now, types: services.types.map(({ id }) => id), isKnown: (word) => services.of(word).id === word },
        ...{ remembered: store.announcers, prove: answersByName },
      });
  const jobs = new Jobs(store.jobs, now);
  if (serving) jobs.closeOrphans();
  const local = createLocalServices(services);
  const keep = serving && !isDemo;
  const { settings, events } = store;
  const own = new OwnServices({ config, services, discovery, jobs, local, settings, events, now, keep, host });
  const pinger = community?.pinger ?? new Pinger();
  const deps = { config, services, discovery, store, local, pinger, now };
  const alerts = await openAlerts(deps, serving && !isDemo ? config.notifyUrl : null);
  return new WiredPanel({ ...deps, jobs, own, alerts, demo: isDemo, serving }, () => community?.close());
}

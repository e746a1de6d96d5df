/** The panel without its pages: every room built and wired, left to right. Pages, API and command line all read from here. */
import { join } from 'node:path';
import { type Config, DEMO_NAMES } from '../config/index.js';
import type { DemoCommunity } from '../demo/index.js';
import { withDemo } from '../demo/source.js';
import { createDiscovery, loadSources, serfAnswers } from '../discovery/index.js';
import { Jobs } from '../jobs/index.js';
import { Clock, fixedTime } from '../lib/clock/index.js';
import { type Announcement, providerId } from '../model/provider.js';
import { announcedHost } from '../node/announce/host.js';
import { OwnServices } from '../node/own-service.js';
import { createLocalServices } from '../node/systemd/index.js';
import { answersByName } from '../probe/memberlist.js';
import { Pinger } from '../probe/ping.js';
import { loadDaemons } from '../routing/index.js';
import { HostPings } from '../scan/attempt/host-pings.js';
import { OwnThread } from '../scan/attempt/measurer.js';
import { Threads } from '../scan/thread/threads.js';
import type { ServiceRegistry } from '../services/contract.js';
import { loadServices } from '../services/index.js';
import { openStore, type SettingStore, type Store } from '../store/index.js';
import type { Panel } from './contract.js';
import { WiredPanel } from './panel.js';
import { pastKey } from './past.js';

/** How long the local Serf agent has to answer before the demo community stands in for it, ms. */
const SERF_LIMIT_MS = 1_000;

/**
 * Whether to start the demo community: on request, or when nothing real is configured and no Serf agent answers.
 */
export async function wantsDemo(config: Config): Promise<boolean> {
  if (config.demo !== 'auto') return config.demo !== 'off';
  // A Serf agent that is set may still not be there.
  const others = (await loadSources()).filter(({ reach }) => reach !== 'community');
  return !others.some((source) => source.isSet(config)) && !(await serfAnswers(config, SERF_LIMIT_MS));
}

/** Name of the setting with the demo's network, so that its providers stay the same for a command and for the next panel. */
const DEMO_NETWORK = 'demo-network';

/** Loaded only on demand: a node with a real community never needs it. */
async function openDemo(
  { demo }: Pick<Config, 'demo'>,
  settings: SettingStore,
  { recognise }: Pick<ServiceRegistry, 'recognise'>,
): Promise<DemoCommunity & { readonly pinger: Pick<Pinger, 'path' | 'width'> }> {
  const [{ startDemo }, { demoPinger }] = await Promise.all([import('../demo/index.js'), import('../demo/ping.js')]);
  const kept = settings.get(DEMO_NETWORK);
  const as = DEMO_NAMES.find((name) => name === demo);
  const community = await startDemo({ ...(as && { as }), ...(kept !== null && { network: kept }), recognise });
  if (kept === null) settings.set(DEMO_NETWORK, community.network);
  return { ...community, pinger: demoPinger(community.community) };
}

/** Once for each community, and not where something was measured: that stays alone. */
async function fillPast(
  store: Store,
  { announcements, community }: Pick<DemoCommunity, 'announcements' | 'community'>,
  services: ServiceRegistry,
  now: number,
): Promise<void> {
  const key = pastKey(community.source);
  const isNew = store.settings.get(key) === null && announcements.every((a) => isUntried(store, a));
  if (!isNew) return;
  const { demoPast } = await import('../demo/past.js');
  store.fill(demoPast(community, announcements, services, now));
  store.settings.set(key, 'made-up');
}

const isUntried = ({ attempts }: Store, announcement: Announcement) =>
  attempts.of(announcement.type, providerId(announcement), 1).length === 0;

export interface PanelOptions {
  /** Whether this process serves the panel, and is not a command beside it: it then closes the jobs that an earlier one left. */
  readonly serving?: boolean;
  /** As decided by `wantsDemo`; decided here when left out. */
  readonly demo?: boolean;
  /** Whether a demo that has measured nothing yet begins with a made-up past. */
  readonly past?: boolean;
  /** ms since the epoch, by a clock that nobody sets. */
  readonly now?: () => number;
  /** The machine's clock, which may be wrong at start and set later; where `now` is left out. */
  readonly clock?: Clock;
  /** The host name that this node announces; the one that its Cloudy uses when left out. */
  readonly host?: () => string;
}

/**
 * Builds every room and wires them, left to right.
 * @throws PanelError `bad-service-type`, `bad-config`
 */
export async function createPanel(
  config: Config,
  { demo, past = false, serving = false, now: givenNow, clock = new Clock(), host = announcedHost }: PanelOptions = {},
): Promise<Panel> {
  const [services, loaded, daemons] = await Promise.all([
    loadServices(),
    loadSources(),
    config.routing === 'off' ? [] : loadDaemons(),
  ]);
  const store = openStore(join(config.dataDir, 'cloudy-services.sqlite'), givenNow ?? clock, undefined, {
    unkept: serving ? 'allow' : 'if-readable',
  });
  const time = givenNow === undefined ? clock : fixedTime(givenNow);
  const now = () => time.now();
  const isDemo = demo ?? (await wantsDemo(config));
  const community = isDemo ? await openDemo(config, store.settings, services) : null;
  if (community && past) await fillPast(store, community, services, time.now());
  const { sources, demo: shown } = withDemo(loaded, community);
  const discovery = community
    ? createDiscovery({
        config: { ...config, communityRanges: ['127.0.0.0/8'] },
        sources,
        // The demo stands in for the neighbours, not for what the owner has written.
        isWanted: (type) => type === shown || type.trust === 'owner',
        time,
      })
    : createDiscovery({
        ...{
          config,
          sources,
          time,
          types: services.types.map(({ id }) => id),
          isKnown: (typeId) => services.of(typeId).id === typeId,
          canonical: services.canonical,
          recognise: services.recognise,
        },
        ...{ memory: store.announcers, prove: answersByName },
      });
  const jobs = new Jobs(store.jobs, now);
  if (serving) jobs.closeOrphans();
  const local = createLocalServices(services);
  const keep = serving && !isDemo;
  const { settings, events } = store;
  const own = new OwnServices({
    config,
    services,
    discovery,
    jobs,
    local,
    settings,
    events,
    now,
    steady: () => time.steady(),
    keep,
    host,
  });
  const pings = new HostPings(community?.pinger ?? new Pinger());
  // The demo's servers live in this thread: measured from another one, its stalls would be theirs.
  const measurer = new (isDemo ? OwnThread : Threads)({ pings, now });
  const deps = { config, services, discovery, store, local, measurer, daemons, time };
  return new WiredPanel({ ...deps, jobs, own, demo: isDemo, serving }, () => community?.close());
}

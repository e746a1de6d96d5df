/** A panel without network, disk or systemd: fixed neighbours, a store in memory, jobs that the test steps through. */

import { type Config, loadConfig } from '../../plugin/config/index.js';
import { demoSource } from '../../plugin/demo/source.js';
import type { SourceStatus } from '../../plugin/discovery/index.js';
import { loadSources } from '../../plugin/discovery/index.js';
import { type JobHandle, Jobs } from '../../plugin/jobs/index.js';
import { fixedTime } from '../../plugin/lib/clock/index.js';
import { PanelError } from '../../plugin/model/errors.js';
import type { Job } from '../../plugin/model/job.js';
import { type Provider, providerId } from '../../plugin/model/provider.js';
import type { Ranked } from '../../plugin/model/ranked.js';
import type { Score } from '../../plugin/model/score.js';
import type { LocalService, OwnUnit } from '../../plugin/model/unit.js';
import type { Own } from '../../plugin/node/own-service.js';
import { ABSENT } from '../../plugin/node/systemd/index.js';
import { connectAction } from '../../plugin/panel/connect.js';
import type { Panel, TypeSummary, TypeView } from '../../plugin/panel/contract.js';
import { Terms } from '../../plugin/scan/scheduler/terms.js';
import type { ServiceRegistry } from '../../plugin/services/contract.js';
import { loadServices } from '../../plugin/services/index.js';
import { openStore, type Store } from '../../plugin/store/index.js';
import { quoteOf } from '../scan/quoted.js';

/** Every source of the program, the demo too. */
export const SOURCES = [...(await loadSources()), demoSource(null)];

export const NOW = Date.parse('2026-11-20T10:00:00Z');

export const SERF_UP: SourceStatus = {
  name: 'serf',
  state: 'up',
  lastUp: NOW,
  read: 31,
  skipped: { 'bad-json': 2 },
};
export const SERF_AWAY: SourceStatus = {
  ...SERF_UP,
  state: 'away',
  lastUp: NOW - 600_000,
  error: { code: 'serf-away', message: 'No agent on 127.0.0.1:7373.', hint: 'Start it.' },
};

/** A store that forgets everything at the end. */
export const memoryStore = (now = () => NOW): Store => openStore(':memory:', now);

const split = { failures: 0, doubt: 3, count: 4, fresh: 1 };

/** A provider of the type with a score; whatever is given replaces what is made up. */
export function ranked(
  type: string,
  index: number,
  { provider = {}, ...score }: Partial<Score> & { provider?: Partial<Provider>; recommended?: boolean } = {},
): Ranked {
  const announced = { type, address: `10.139.40.${index}`, port: 53, ...provider };
  return {
    ...{ level: 3, score: 80, low: 70, high: 90, confidence: 'fair', reason: null, detail: null, unproven: false },
    ...{ samples: 4, attempts: 4, failures: 0, measuredAt: NOW - 180_000, facts: {}, recommended: false },
    ...{ path: null, worse: null, rating: null, estimate: null },
    ...{ asGood: false, pinned: false, hidden: false, reserve: false },
    parts: [
      { metric: 'answer', value: 12.34567, unit: 'ms', mark: 0.81234, weight: 0.45, lost: 12.345, ...split },
      { metric: 'answers', value: 1, unit: 'share', mark: 0.9, weight: 0.55, lost: 7.655, ...split },
    ],
    ...score,
    provider: {
      ...{
        node: `node${index}`,
        host: `node${index}.guifi.local`,
        description: 'DNS of the square',
        community: 'demo',
      },
      ...{ txt: new Map(), gossip: null, sources: ['serf'], self: false, barred: null, stale: false, heardAt: NOW },
      ...announced,
      id: providerId(announced),
      ...provider,
    },
  };
}

/** Why there is no number: the fields that a failure leaves empty. */
export const NUMBERLESS = { low: null, high: null, confidence: null, parts: [] } as const;

/** What a type has on this node: these units, the first of which stands for it. */
export function localOf(...units: readonly [OwnUnit, ...(readonly OwnUnit[])]): LocalService {
  return { ...units[0], units };
}

/** Off until it is switched on; never measures. */
export function fakeBackground(): Panel['background'] {
  let on = false;
  let chosen = false;
  const terms = new Terms(memoryStore().settings, 10_800_000);
  return {
    status: () => ({
      ...{ on, chosen, next: on ? NOW + 600_000 : null, waiting: on ? null : 'off' },
      ...{ spentToday: 12_000, budget: terms.bytes, last: null },
      ...{ limit: terms.limit, chosenBudget: terms.chosenBytes, hours: terms.hours },
    }),
    on: () => {
      on = true;
      chosen = true;
    },
    off: () => {
      on = false;
      chosen = true;
    },
    choose: (choice) => terms.choose(choice),
  };
}

/** Tests replace lists and states by others: each has a number of its own. */
const numbers = new WeakMap<object, number>();
let count = 0;
const versionOf = (parts: readonly (object | null)[]) =>
  parts
    .map((part) => {
      if (part !== null && !numbers.has(part)) numbers.set(part, ++count);
      return part && numbers.get(part);
    })
    .join();

/** Off until it is switched on; tells nobody anything. */
export function fakeCommunity(): Panel['community'] {
  const known = { on: false, stars: false };
  return {
    status: () => ({ ...known, address: known.on ? '10.139.40.7:7002' : null, problem: null, tag: 'set', peers: [] }),
    forget: () => undefined,
    about: () => [],
    declared: () => null,
    on: async () => {
      known.on = true;
    },
    off: async () => {
      known.on = false;
    },
    tellStars: (stars) => {
      known.stars = stars;
    },
  };
}

/** No daemon is there. */
export function fakeRouting(): Panel['routing'] {
  const status = () => ({ state: 'off', daemon: null, place: null, routes: 0, lastUp: null }) as const;
  return { status, way: () => null, once: async () => status() };
}

export interface FakePanel extends Panel {
  own: Own;
  /** Wire word → its ranked list. */
  readonly lists: Map<string, readonly Ranked[]>;
  readonly states: Map<string, LocalService>;
  sourceList: readonly SourceStatus[];
  problem: Error | null;
  /** What the running job may do; set when it starts. */
  handle: JobHandle | null;
  /** Lets the running job end, well or with the error. */
  end(error?: Error): Promise<void>;
}

export interface FakeOptions {
  readonly config?: Partial<Config>;
  readonly demo?: boolean;
  readonly services?: ServiceRegistry;
  readonly now?: () => number;
}

/** A panel whose lists, states and sources the test sets; with the types of the program unless others are given. */
export async function fakePanel(options: FakeOptions = {}): Promise<FakePanel> {
  return createFakePanel(options.services ?? (await loadServices()), options);
}

export function createFakePanel(services: ServiceRegistry, options: Omit<FakeOptions, 'services'> = {}): FakePanel {
  const { demo = false, now = () => NOW } = options;
  const store = memoryStore(now);
  const jobs = new Jobs(store.jobs, now);
  let finish: { resolve: () => void; reject: (error: Error) => void } | null = null;
  const lists: FakePanel['lists'] = new Map();
  const states: FakePanel['states'] = new Map();

  const view = (typeId: string): TypeView => {
    if (!services.has(typeId) && !lists.has(typeId)) {
      throw new PanelError('unknown-type', `No type "${typeId}".`, 'Look at the list.');
    }
    const list = lists.get(typeId) ?? [];
    const best = list.find(({ recommended }) => recommended) ?? null;
    return {
      ...{
        typeId,
        type: services.of(typeId),
        builtin: services.has(typeId),
        providers: list.length,
        ranked: list,
        best,
      },
      measured: list.filter(({ attempts }) => attempts > 0).length,
      local: { ...(states.get(typeId) ?? ABSENT), published: false },
      job: jobs.running().find(({ type, kind }) => type === typeId && kind === 'scan') ?? null,
      bars: new Map(),
      scan: quoteOf(services.of(typeId), list),
    };
  };
  const begin = (of: Pick<Job, 'kind' | 'type' | 'provider' | 'total'>): Job =>
    jobs.running().find(({ type, kind }) => type === of.type && kind === of.kind) ??
    jobs.start(of, (handle) => {
      panel.handle = handle;
      return new Promise<void>((resolve, reject) => {
        finish = { resolve, reject };
        handle.signal.addEventListener('abort', () => resolve());
      });
    });

  const panel: FakePanel = {
    ...{ services, jobs, store, demo, time: fixedTime(now), lists, states, problem: null, handle: null },
    background: fakeBackground(),
    community: fakeCommunity(),
    routing: fakeRouting(),
    changed: () => undefined,
    config: { ...loadConfig({ env: {}, file: '' }), language: 'en', hosts: ['node.example'], ...options.config },
    sourceList: [SERF_UP],
    discovery: {
      providers: (type) =>
        (type === undefined ? [...lists.values()].flat() : (lists.get(type) ?? [])).map(({ provider }) => provider),
      words: () => [...lists.keys()],
      version: () => 0,
      dated: () => [],
      find: (id) => panel.discovery.providers().find((provider) => provider.id === id) ?? null,
      sources: () => panel.sourceList,
      sourceTypes: SOURCES,
      refresh: () => {},
      agent: () => panel.sourceList.find(({ name }) => name === 'serf') ?? null,
      announcements: (source) => panel.discovery.providers().filter(({ sources }) => sources.includes(source)),
      skipped: () => [],
      serfClient: () => {
        throw new PanelError('serf-away', 'No agent.', 'Start it.');
      },
      ownTag: () => null,
      ready: async () => {},
      onChange: () => () => {},
    },
    local: {
      states: async () => states,
      problem: async () => panel.problem,
      act: async () => ABSENT,
    },
    version: () => {
      const exact = versionOf([...lists.values(), ...states.values(), panel.sourceList, panel.problem]);
      return { exact: `${exact} ${jobs.version()} ${store.opinions.version}`, coarse: `${exact} ${jobs.version()}` };
    },
    onMeasured: () => () => {},
    overview: async () => {
      const others = [...lists.keys()].filter((typeId) => !services.has(typeId)).sort();
      const words = [...services.types.map(({ id }) => id), ...others];
      return { services: words.map(view) as readonly TypeSummary[], sources: panel.sourceList };
    },
    quote: (typeId) => view(typeId).scan,
    bars: (typeId) => view(typeId).bars,
    type: async (typeId) => view(typeId),
    provider: async (typeId, id) => {
      const found = view(typeId).ranked.find(({ provider }) => provider.id === id);
      if (!found) throw new PanelError('unknown-provider', `No provider ${id}.`, 'Look at the list.');
      return { view: view(typeId), ranked: found, connect: connectAction(services.of(typeId), found) };
    },
    scan: (typeId, provider) =>
      begin({ kind: 'scan', type: typeId, provider: provider ?? null, total: view(typeId).providers }),
    own: {
      view: async (typeId) => ({
        units: states.get(typeId)?.units ?? [],
        port: null,
        publication: null,
        announced: [],
        lan: null,
      }),
      act: (typeId, verb) => begin({ kind: verb, type: view(typeId).typeId, provider: null, total: 1 }),
      log: async (_, unit = 'the unit') => ({ unit, lines: [] }),
      form: () => ({ description: '', port: '', attributes: '', community: '' }),
      preview: async () => panel.discovery.serfClient() as never,
      publish: (typeId) => begin({ kind: 'publish', type: view(typeId).typeId, provider: null, total: 1 }),
      unpublish: (typeId) => begin({ kind: 'unpublish', type: view(typeId).typeId, provider: null, total: 1 }),
    },
    connect: (typeId, provider) => begin({ kind: 'connect', type: view(typeId).typeId, provider, total: 1 }),
    end: async (error) => {
      if (error) finish?.reject(error);
      else finish?.resolve();
      await Promise.all(jobs.running().map(({ id }) => jobs.ended(id)));
    },
    close: () => jobs.close(),
  };
  return panel;
}

/** Thirty providers of one type in every condition that a page must be able to show. */
export function community(type: string): readonly Ranked[] {
  const failed = (index: number, reason: Ranked['reason'], of: Partial<Score> = {}) =>
    ranked(type, index, { ...NUMBERLESS, level: 0, score: 0, reason, samples: 0, attempts: 2, ...of });
  const unscored = (index: number, provider: Partial<Provider>, of: Partial<Score> = {}) =>
    ranked(type, index, {
      ...NUMBERLESS,
      score: null,
      level: 0,
      samples: 0,
      attempts: 0,
      measuredAt: null,
      provider,
      ...of,
    });
  const good = Array.from({ length: 12 }, (_, at) =>
    ranked(type, at + 1, {
      ...{ score: 94.4 - at * 3.2, low: 80 - at * 3, high: 97 - at * 2.5, level: at % 3 === 0 ? 4 : 3 },
      ...{ confidence: (['solid', 'fair', 'guess'] as const)[at % 3] ?? 'fair', recommended: at === 0 },
      provider: { self: at === 3, sources: at % 4 === 1 ? ['serf', 'avahi'] : ['serf'], stale: at === 6 },
    }),
  );
  return [
    ...good,
    ...[13, 14, 15].map((index) => ranked(type, index, { score: 44 - index, low: 9, high: 50, confidence: 'guess' })),
    ranked(type, 16, { unproven: true, level: 2, score: 40 }),
    failed(17, 'refused'),
    failed(18, 'timeout'),
    failed(19, 'unreachable'),
    failed(20, 'wrong-identity', { level: 3, detail: 'ns9.example answered' }),
    failed(21, 'wrong-protocol', { level: 2, detail: 'HTTP/1.1 400 Bad Request' }),
    failed(22, 'broken', { level: 3, detail: 'SERVFAIL' }),
    ...[23, 24].map((index) =>
      unscored(index, {}, { level: 2, reason: 'not-checked', measuredAt: NOW - 7_200_000, attempts: 1, samples: 1 }),
    ),
    unscored(25, { barred: 'not-allowed', address: '8.8.8.8' }, { reason: 'not-allowed' }),
    unscored(26, { barred: 'no-port', port: null }, { reason: 'no-port' }),
    ...[27, 28, 29, 30].map((index) => unscored(index, { stale: index === 30 })),
  ];
}

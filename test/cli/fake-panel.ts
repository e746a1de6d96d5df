/** A panel without rooms: real jobs, a store in memory, and rows as the test wrote them. */

import { PassThrough } from 'node:stream';
import { type Config, loadConfig } from '../../plugin/config/index.js';
import type { SourceStatus } from '../../plugin/discovery/index.js';
import { type JobHandle, Jobs } from '../../plugin/jobs/index.js';
import { type Provider, providerId } from '../../plugin/model/provider.js';
import type { Ranked } from '../../plugin/model/ranked.js';
import type { LocalService } from '../../plugin/model/unit.js';
import type { OwnView } from '../../plugin/node/own-service.js';
import { ABSENT } from '../../plugin/node/systemd/index.js';
import type { Panel, TypeView } from '../../plugin/panel/contract.js';
import type { SchedulerStatus } from '../../plugin/scan/scheduler.js';
import type { SerfRpc } from '../../plugin/serf/client.js';
import type { ServiceRegistry } from '../../plugin/services/contract.js';
import { openStore } from '../../plugin/store/index.js';
import { registryOf } from '../node/stand-in.js';
import { quoteOf } from '../scan/quoted.js';

export function row(more: Partial<Provider> = {}, score: Partial<Ranked> = {}): Ranked {
  const provider: Provider = {
    type: 'dnsservice',
    node: 'VIC-Adoberia',
    host: 'vic.guifi.local',
    address: '10.1.2.3',
    port: 53,
    description: 'DNS',
    community: '',
    txt: new Map(),
    gossip: null,
    id: '',
    sources: ['serf'],
    self: false,
    barred: null,
    stale: false,
    heardAt: 0,
    ...more,
  };
  return {
    provider: { ...provider, id: providerId(provider) },
    recommended: false,
    level: 4,
    score: 91.4,
    low: 80,
    high: 97,
    confidence: 'fair',
    reason: null,
    detail: null,
    unproven: false,
    ...{ path: null, rating: null, asGood: false, pinned: false, hidden: false, estimate: null },
    parts: [],
    samples: 3,
    attempts: 3,
    failures: 0,
    measuredAt: 0,
    facts: {},
    ...score,
  };
}

export interface Fake {
  readonly rows?: readonly Ranked[];
  readonly sources?: readonly SourceStatus[];
  readonly local?: Partial<LocalService>;
  readonly problem?: Error;
  readonly demo?: boolean;
  /** What a scan does. */
  readonly work?: (job: JobHandle) => Promise<void>;
  readonly config?: Partial<Config>;
  readonly movedAside?: string;
  /** Two types that have nothing but units, when left out. */
  readonly services?: ServiceRegistry;
  /** What is known of its own services, by wire word. */
  readonly own?: Readonly<Record<string, Partial<OwnView>>>;
  readonly background?: Partial<SchedulerStatus>;
  /** Whom the Serf agent knows, itself included. */
  readonly members?: number;
}

const IDLE: SchedulerStatus = { on: true, next: null, waiting: null, spentToday: 1_200, budget: 5_400_000, last: null };

export type FakePanel = Panel & { closed: boolean };

const upSerf: SourceStatus = { name: 'serf', state: 'up', lastUp: 0, read: 3, skipped: {} };

export function fakePanel(fake: Fake = {}): FakePanel {
  const { rows = [], sources = [upSerf], problem = null, demo = false, work = async () => {} } = fake;
  const { services = registryOf({ dnsservice: ['named.service'], syncthing: [] }) } = fake;
  const store = { ...openStore(':memory:'), movedAside: fake.movedAside ?? null };
  const jobs = new Jobs(store.jobs);
  const states = new Map(services.types.map(({ id }) => [id, { ...ABSENT, ...fake.local }]));
  const view = (word: string): TypeView => {
    const ranked = rows.filter(({ provider }) => provider.type === word);
    return {
      word,
      type: services.of(word),
      builtin: services.has(word),
      providers: ranked.length,
      measured: ranked.filter(({ attempts }) => attempts > 0).length,
      best: ranked.find(({ recommended }) => recommended) ?? null,
      local: { ...ABSENT, published: false, ...states.get(word) },
      job: null,
      ranked,
      bars: new Map(),
      scan: quoteOf(services.of(word), ranked),
    };
  };
  const never = () => {
    throw new Error('the command line does not do this');
  };
  const panel: FakePanel = {
    closed: false,
    config: { ...loadConfig({ env: {}, file: '/nonexistent' }), ...fake.config },
    services,
    discovery: {
      providers: () => rows.map(({ provider }) => provider),
      find: never,
      serfClient: () => {
        const stats = new Map([['serf', new Map([['members', String(fake.members ?? 3)]])]]);
        return { stats: async () => stats } as unknown as SerfRpc;
      },
      ownTag: () => null,
      sources: () => sources,
      sourceTypes: [],
      agent: () => sources.find(({ name }) => name === 'serf') ?? null,
      words: never,
      dated: never,
      announcements: never,
      skipped: never,
      ready: async () => {},
      onChange: never,
    },
    jobs,
    store,
    onMeasured: never,
    background: { status: () => ({ ...IDLE, ...fake.background }), on: never, off: never },
    local: { states: async () => states, problem: async () => problem, act: never },
    demo,
    overview: async () => ({ services: services.types.map(({ id }) => view(id)), sources }),
    type: async (word) => view(word),
    provider: never,
    scan: (word) => jobs.start({ kind: 'scan', type: word, provider: null, total: 3 }, work),
    own: {
      view: async (word) => ({
        units: [],
        port: null,
        publication: null,
        announced: [],
        lan: null,
        ...fake.own?.[word],
      }),
      ...{ act: never, log: never, form: never, preview: never, publish: never, unpublish: never },
    },
    connect: never,
    close: async () => {
      panel.closed = true;
    },
  };
  return panel;
}

/** Streams that keep what was written; `typed` is what comes in, on a terminal or from a pipe. */
export function fakeIo({ typed = '', isTTY = false }: { typed?: string; isTTY?: boolean } = {}) {
  const stdin = Object.assign(new PassThrough(), { isTTY });
  stdin.end(typed);
  const written = { out: '', err: '' };
  const keep = (name: 'out' | 'err') => (text: string) => {
    written[name] += text;
  };
  return { stdin, written, stdout: { write: keep('out') }, stderr: { isTTY, write: keep('err') } };
}

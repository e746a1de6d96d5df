/** The fake panel as the command line sees it: rows as the test wrote them, jobs that work at once. */

import { PassThrough } from 'node:stream';
import type { Config } from '../../plugin/config/index.js';
import type { SourceStatus } from '../../plugin/discovery/index.js';
import type { JobHandle } from '../../plugin/jobs/index.js';
import type { Provider } from '../../plugin/model/provider.js';
import type { Ranked } from '../../plugin/model/ranked.js';
import type { LocalService } from '../../plugin/model/unit.js';
import type { OwnView } from '../../plugin/node/own-service.js';
import { ABSENT } from '../../plugin/node/systemd/index.js';
import type { SchedulerStatus } from '../../plugin/scan/scheduler.js';
import type { SerfRpc } from '../../plugin/serf/client.js';
import type { ServiceRegistry } from '../../plugin/services/contract.js';
import { registryOf } from '../node/stand-in.js';
import { createFakePanel, ranked, type FakePanel as WebPanel } from '../web/fake-panel.js';

export function row(provider: Partial<Provider> = {}, score: Partial<Ranked> = {}): Ranked {
  const measured = {
    level: 4,
    score: 91.4,
    low: 80,
    high: 97,
    parts: [],
    samples: 3,
    attempts: 3,
    measuredAt: 0,
  } as const;
  const announced = { node: 'VIC-Adoberia', host: 'vic.guifi.local', address: '10.1.2.3', port: 53 };
  const defaults = { ...announced, description: 'DNS', community: '', heardAt: 0 };
  const { type = 'dnsservice' } = provider;
  return { ...ranked(type, 1, { ...measured, provider: { ...defaults, ...provider } }), ...score };
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
  /** What is known of its own services, by type. */
  readonly own?: Readonly<Record<string, Partial<OwnView>>>;
  readonly background?: Partial<SchedulerStatus>;
  /** Members that the Serf agent knows, itself included. */
  readonly members?: number;
}

const IDLE: SchedulerStatus = {
  on: true,
  chosen: true,
  next: null,
  waiting: null,
  spentToday: 1_200,
  budget: 5_400_000,
  limit: 5_400_000,
  chosenBudget: null,
  hours: { from: 9, to: 24 },
  last: null,
};

export type FakePanel = WebPanel & { closed: boolean };

const upSerf: SourceStatus = { name: 'serf', state: 'up', lastUp: 0, read: 3, skipped: {} };

export function fakePanel(fake: Fake = {}): FakePanel {
  const { rows = [], sources = [upSerf], problem = null, work = async () => {}, members = 3 } = fake;
  const { services = registryOf({ dnsservice: ['named.service'], syncthing: [] }) } = fake;
  const panel = createFakePanel(services, {
    demo: fake.demo ?? false,
    config: { hosts: [], ...fake.config },
    now: Date.now,
  });
  for (const row of rows) {
    const { type } = row.provider;
    panel.lists.set(type, [...(panel.lists.get(type) ?? []), row]);
  }
  for (const { id } of services.types) panel.states.set(id, { ...ABSENT, ...fake.local });
  const stats = new Map([['serf', new Map([['members', String(members)]])]]);
  panel.discovery.serfClient = () => ({ stats: async () => stats }) as unknown as SerfRpc;
  const { view } = panel.own;
  panel.own.view = async (type) => ({ ...(await view(type)), units: [], ...fake.own?.[type] });
  return Object.assign(panel, {
    ...{ closed: false, sourceList: sources, problem },
    store: { ...panel.store, movedAside: fake.movedAside ?? null },
    background: { ...panel.background, status: () => ({ ...IDLE, ...fake.background }) },
    scan: (type: string) => panel.jobs.start({ kind: 'scan', type, provider: null, total: 3 }, work),
    close: async () => {
      (panel as FakePanel).closed = true;
    },
  }) as FakePanel;
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

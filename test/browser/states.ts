/** Every page of the panel in every state that it may be met in, for the owner and for who only reads. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { PanelError } from '../../plugin/model/errors.js';
import type { TestWeb } from '../web/app.js';
import { community, localOf, NOW, ranked, SERF_AWAY, SERF_UP } from '../web/fake-panel.js';

export interface State {
  readonly path: () => string;
  /** What the panel is made to be before; every state begins as `fresh` leaves it. */
  readonly prepare?: () => unknown;
  /** What the visitor does on the page to come to the state. */
  readonly act?: (page: Page) => Promise<unknown>;
}

/** By what is to be seen. */
export type States = Readonly<Record<string, State>>;

export interface Situations {
  readonly owner: States;
  readonly reader: States;
  /** The panel as each state begins. */
  fresh(): Promise<void>;
}

const OWNER_SETTING = 'owner-password';

const unit = (state: 'running' | 'stopped' | 'failed') => localOf({ unit: 'unbound.service', state, enabled: true });
const all = () => community('dnsservice');
const first = () => all()[0]?.provider.id ?? '';
const provider = () => `services/dnsservice/providers/${first()}`;
const list = () => 'services/dnsservice';
const comparison = (count: number) =>
  `${list()}/compare?${all()
    .slice(0, count)
    .map((row) => `p=${row.provider.id}`)
    .join('&')}`;

/** Everything that is folded away on the page, opened. */
const unfold = (page: Page) =>
  page.$$eval('details', (all) => {
    for (const one of all) one.open = true;
  });

function neverMeasured({ lists }: TestWeb['panel']): void {
  lists.clear();
  lists.set(
    'dnsservice',
    all().filter(({ measuredAt }) => measuredAt === null),
  );
}

/** The states of a panel that nobody else changes meanwhile. */
export function situations(web: TestWeb): Situations {
  const { panel } = web;
  const start = { own: panel.own, config: panel.config, demo: panel.demo, store: panel.store };
  const owner = panel.store.settings.get(OWNER_SETTING);
  const fresh = async () => {
    if (panel.jobs.running().length > 0) await panel.end();
    panel.lists.clear();
    panel.lists.set('dnsservice', all());
    panel.lists.set('Docker', [ranked('Docker', 1)]);
    panel.states.clear();
    panel.sourceList = [SERF_UP];
    panel.background.off();
    panel.problem = null;
    Object.assign(panel, start);
    panel.store.settings.set(OWNER_SETTING, owner);
  };
  return { owner: { ...homes(web), ...lists(web), ...providers(web), ...rest(web) }, reader: readers(web), fresh };
}

function homes({ panel }: TestWeb): States {
  const path = () => '';
  return {
    'the first page': { path },
    'the first page, an own service having failed': {
      path,
      prepare: () => panel.states.set('dnsservice', unit('failed')),
    },
    'the first page, Serf away': { path, prepare: () => (panel.sourceList = [SERF_AWAY]) },
    'the first page, with nobody around': { path, prepare: () => panel.lists.clear() },
    'the first page, nothing having been measured': {
      path,
      prepare: () => neverMeasured(panel),
    },
    'the first page while a scan runs and the background measures': {
      path,
      prepare: () => {
        panel.scan('dnsservice');
        panel.handle?.progress(12);
        panel.background.on();
      },
    },
  };
}

function lists({ panel }: TestWeb): States {
  const hidden = () => all().map((one, at) => ({ ...one, hidden: at > 27 }));
  return {
    'a list in which everything occurs': { path: list },
    'a list, filtered and sorted': { path: () => `${list()}?reachable=yes&source=avahi&sort=rtt` },
    'a comparison of four': { path: () => comparison(4) },
    'a comparison of one': { path: () => comparison(1) },
    'a list in which nothing matches': { path: () => `${list()}?q=zzz` },
    'a page of a long list': {
      path: () => `${list()}?rows=10&page=2`,
      prepare: () => panel.lists.set('dnsservice', hidden()),
    },
    'a list of none': { path: () => 'services/syncthing' },
    'a list while a scan runs': { path: list, prepare: () => panel.scan('dnsservice') },
    'a list with an own service that runs': {
      path: list,
      prepare: () => panel.states.set('dnsservice', unit('running')),
    },
    'a list with an own service that starts': { path: list, prepare: () => panel.own.act('dnsservice', 'start') },
    'a list with an own service that others see': { path: list, prepare: () => announced(panel) },
    'a list with the form that announces an own service': {
      path: () => `${list()}?announce=yes`,
      prepare: () => announced(panel),
    },
    'a list with an own service that others see, unfolded': {
      path: () => `${list()}?announce=yes`,
      prepare: () => announced(panel),
      act: unfold,
    },
    'a list with an own service that only this machine reaches': {
      path: () => `${list()}?announce=yes`,
      prepare: () => shut(panel),
    },
    'a list with an own service that is being announced': {
      path: list,
      prepare: () => {
        announced(panel);
        panel.own.publish('dnsservice', {});
      },
    },
  };
}

/** Runs, and would be announced without anybody reaching it. */
function shut(panel: TestWeb['panel']): void {
  announced(panel);
  const { view, preview } = panel.own;
  const transports = (['udp', 'tcp'] as const).map((transport) => ({ transport, listening: 'loopback' as const }));
  panel.own = {
    ...panel.own,
    view: async (word) => ({ ...(await view(word)), port: { port: 53, transports }, publication: null, lan: null }),
    preview: async (...of) => ({ ...(await preview(...of)), bytes: 200, fits: true }),
  };
}

/** Runs, is announced, and the form shows what the neighbours see. */
function announced(panel: TestWeb['panel']): void {
  const entry = {
    s: 'dnsservice',
    e: '',
    d: 'DNS of the square',
    m: 'node1',
    i: '10.139.40.1',
    p: '53',
    t: 'zone=guifi.local',
  };
  const port = { port: 53, transports: [{ transport: 'udp', listening: 'open' } as const] };
  panel.states.set('dnsservice', unit('running'));
  panel.own = {
    ...panel.own,
    view: async () => ({
      units: unit('running').units,
      port: { ...port, transports: [...port.transports, { transport: 'tcp', listening: 'loopback' }] },
      publication: { entry, unit: 'unbound.service', untold: false, at: NOW - 3_600_000, withdrawn: null },
      announced: [entry],
      lan: 'announced',
    }),
    preview: async () => ({
      form: { description: 'DNS of the square', port: '53', attributes: 'zone=guifi.local', community: '' },
      entry,
      lan: { name: 'DNS of the square', type: '_dnsservice._udp', port: 53, txt: ['zone=guifi.local'] },
      others: [JSON.stringify({ ...entry, s: 'owp', p: '80', t: '' }), `{'s':'proxy3','d':'${'old_'.repeat(30)}'}`],
      ...{ replaces: '53', bytes: 611, limit: 512, fits: false },
      troubles: [
        { of: 'address', why: 'loopback' },
        { of: 'port', why: 'closed', transport: 'tcp' },
      ],
    }),
  };
}

function providers({ panel }: TestWeb): States {
  const history = () => {
    const tried = { provider: first(), type: 'dnsservice', bytes: 400, level: 4 as const, reason: null, facts: {} };
    const samples = [{ metric: 'answer', value: 12.5, method: 'udp' }];
    for (const hours of [1, 30, 60]) panel.store.attempts.add({ ...tried, samples, at: NOW - hours * 3_600_000 });
    panel.store.history.note('dnsservice', first(), 71);
  };
  const days = () => {
    const day = { attempts: 4, answered: 3, score: 71, rtt: 7.25, answer: 12.5 };
    const history = {
      ...panel.store.history,
      days: () => ['2026-11-18', '2026-11-19'].map((one) => ({ ...day, day: one })),
    };
    Object.assign(panel, { store: { ...panel.store, history } });
  };
  return {
    'a provider': { path: provider },
    'a provider with a history': { path: provider, prepare: days },
    'a provider with a history, unfolded': { path: provider, prepare: days, act: unfold },
    'a provider with a history of one day': { path: provider, prepare: history },
    'a provider that was never tried': { path: () => `${list()}/providers/${all()[28]?.provider.id}` },
    'a provider, what the owner thinks of it being saved': {
      path: provider,
      act: (page) => page.click('#cs-star-4').then(() => page.locator('#cs-saved strong').waitFor()),
    },
    'a provider that fails': { path: () => `${list()}/providers/${all()[19]?.provider.id}` },
    'a provider while another job holds it': { path: provider, prepare: () => panel.connect('dnsservice', first()) },
  };
}

function rest({ panel }: TestWeb): States {
  return {
    'a running job': { path: () => `jobs/${panel.scan('dnsservice').id}` },
    'a running scan that has tried some': {
      path: () => {
        const { id } = panel.scan('dnsservice');
        panel.lists.set(
          'dnsservice',
          all().map((one, at) => (at % 5 === 0 ? { ...one, measuredAt: NOW + at } : one)),
        );
        return `jobs/${id}`;
      },
    },
    'a job that failed': {
      path: () => `jobs/${panel.store.events.newest(1)[0]?.job ?? ''}`,
      prepare: async () => {
        const { id } = panel.own.act('dnsservice', 'start');
        // A job begins its work a moment after it was asked for.
        await nextTurn();
        await panel.end(new PanelError('unit-failed', 'It exited with 1.', 'Look at its log.'));
        const about = { type: 'dnsservice', provider: null, job: id, by: 'owner' as const, name: '' };
        panel.store.events.add({ ...about, what: 'start', result: 'failed' });
      },
    },
    'the log of a unit': {
      path: () => `${list()}/log`,
      prepare: () => {
        const lines = [
          'start of service (unbound 1.22.0).',
          'error: can’t bind socket: Address already in use for ::1',
        ];
        panel.own = {
          ...panel.own,
          // More than a screen holds: it is scrolled.
          log: async () => ({
            unit: 'unbound.service',
            lines: Array.from({ length: 60 }, (_, at) => `08:21:${at} ${lines[at % 2]}`),
          }),
        };
      },
    },
    'the question before a stop': { path: () => 'services/tincvpn/confirm/stop' },
    'what was done': { path: () => 'events' },
    'the help': { path: () => 'help' },
    'why something is not listed': { path: () => 'help/not-listed?node=node7&type=dnsservice' },
    'what was left out of the list': { path: () => 'help/skipped?source=serf&reason=bad-json' },
    'what was heard': { path: () => 'help/heard?source=serf' },
    'everything that a word finds': { path: () => 'search?q=node' },
    'a search that finds nothing': { path: () => 'search?q=nobody' },
    'a node': { path: () => `nodes/${all()[0]?.provider.node}` },
    'the API': { path: () => 'api' },
    'the settings': { path: () => 'settings' },
    'a new token': {
      path: () => 'settings',
      act: async (page) => {
        await page.fill('[name=name]', 'cron');
        await page.click('form[action$="/settings/tokens"] button');
        await page.waitForURL('**/settings/tokens');
      },
    },
    'an address that leads nowhere': { path: () => 'nothing' },
  };
}

function readers({ panel }: TestWeb): States {
  const wrong = (page: Page) => page.fill('#cs-password', 'wrong').then(() => page.click('.cs-login button'));
  const refused = async (page: Page) => {
    await page.fill('#cs-code', 'aaaa-aaaa-aaaa');
    await page.fill('#cs-password', 'long enough');
    await page.click('.cs-login button');
    await page.locator('[role=alert]', { hasText: /\S/ }).waitFor();
  };
  return {
    'a reader’s first page': { path: () => '' },
    'a reader’s first page of the demo': { path: () => '', prepare: () => Object.assign(panel, { demo: true }) },
    'a reader’s settings': { path: () => 'settings' },
    'a reader’s list': { path: list },
    'a reader’s list while a scan runs': { path: list, prepare: () => panel.scan('dnsservice') },
    'a reader’s provider': { path: provider },
    'a reader’s job': { path: () => `jobs/${panel.scan('dnsservice').id}` },
    'the login': { path: () => 'login' },
    'the login, where nobody may read without': {
      path: list,
      prepare: () => Object.assign(panel, { config: { ...panel.config, publicRead: false } }),
    },
    'the login, the password having been wrong': { path: () => 'login', act: wrong },
    'the first owner’s login': {
      path: () => 'login',
      prepare: () => panel.store.settings.set(OWNER_SETTING, null),
    },
    'the first owner’s login, the code having been wrong': {
      path: () => 'login',
      prepare: () => panel.store.settings.set(OWNER_SETTING, null),
      act: refused,
    },
    'a reader’s first page, nothing having been measured': {
      path: () => '',
      prepare: () => neverMeasured(panel),
    },
  };
}

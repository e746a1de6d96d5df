/** The first page: every service in one sentence, first the services that need the owner. */
import { asPanelError, PanelError } from '../../model/errors.js';
import { ABSENT } from '../../node/systemd/index.js';
import type { TypeSummary, Version } from '../../panel/contract.js';
import { backgroundModel } from '../../present/background.js';
import { emptyModel } from '../../present/empty.js';
import { distanceModel, nodesAround } from '../../present/pictures/distance.js';
import { PAGES, queryInteger } from '../../present/query.js';
import { about, cardModel } from '../../present/service/card.js';
import { alarm, serviceModel, sourceModel, typeTitle } from '../../present/service.js';
import type { Quote } from '../../scan/selection.js';
import { answers, fields, oneOf, text } from '../api/operation.js';
import { bodyField } from '../auth/index.js';
import type { Web } from '../context.js';
import { ownPath, redirect, section } from '../reply/respond.js';
import { strips } from '../reply/strips.js';
import { typeFor } from '../request/as-reader.js';
import { noteAction, noteJob } from '../request/note.js';
import { withState } from '../request/version.js';
import { api, get, type Route, twins } from '../route.js';
import type { Visit } from '../visit.js';
import { guide } from './home/guide.js';
import { quoteAll, type Refused, type Scans, startScans, sum } from './home/scans.js';
import { isSilent, lastingSilences, type Trouble, trouble } from './home/trouble.js';

export const routes: readonly Route[] = [
  get('/', 'reader', home, homeVersion),
  api(
    'GET /api/v1/services',
    'reader',
    services,
    answers('Every service type, its best provider, and this node’s own', 'Services'),
  ),
  ...twins('POST', '/background', 'owner', {
    operation: {
      ...answers('Turns measuring in the background on or off', 'BackgroundAnswer'),
      body: fields({ turn: oneOf('on', 'off') }, ['turn']),
    },
    load: turnBackground,
    page: (web, visit) =>
      redirect(visit, ownPath(web, bodyField(visit.request, 'back') || `${web.url('settings')}#background`)),
  }),
  ...twins('POST', '/scan', 'owner', {
    operation: {
      summary: 'Measures all providers of every type that the panel has a probe for, or of the given type',
      ...{ answer: 'Scans', status: 202 },
      means:
        'Begun. Poll GET /api/v1/jobs/{id} of each until `state` is not `running`; `refused` says what cannot be scanned.',
      body: fields({ type: text }),
    },
    load: scan,
    page: showScans,
    json: ({ reply }, scans) => {
      reply.code(202);
      return scans;
    },
  }),
];

async function home(web: Web, visit: Visit) {
  // Without its last slash the base is outside our cookie's path: nobody would be logged in there.
  if (!visit.request.url.startsWith(web.base)) return redirect(visit, web.base);
  return show(web, visit);
}

async function show(web: Web, visit: Visit, refused: readonly Refused[] = []) {
  const model = await homeModel(web, visit, refused);
  const refresh = web.panel.jobs.running().some(({ kind }) => kind === 'scan');
  return section(web, visit, 'home', { follow: null, watch: model.others.address }, { ...model, refresh });
}

/** @throws PanelError where not one scan begins */
async function scan(web: Web, visit: Visit): Promise<Scans> {
  const type = bodyField(visit.request, 'type');
  const types = type === '' ? [...quoteAll(web.panel, (await web.panel.overview()).services).keys()] : [type];
  const scans = startScans(web.panel, types);
  for (const job of scans.jobs) noteJob(web, visit, job);
  return scans;
}

/** Without scripts one scan has a page of its own, and all of them have the first page. */
function showScans(web: Web, visit: Visit, { jobs, refused }: Scans) {
  if (visit.fragment || refused.length > 0) return show(web, visit, refused);
  const [only, ...more] = jobs;
  return redirect(visit, only && more.length === 0 ? web.url('jobs', only.id) : web.base);
}

/** For the owner also of what is wrong here. */
async function homeVersion(web: Web, visit: Visit): Promise<Version> {
  const { panel } = web;
  const version = panel.version();
  const states = await panel.local.states();
  const problem = await panel.local.problem();
  const isEmpty = panel.discovery.providers().length === 0;
  const nothing = isEmpty ? await emptyModel(panel, visit.words) : null;
  const read = [[...states], problem, nothing, panel.background.status().chosen];
  if (visit.role !== 'owner') return withState(web, version, read);
  const silent = panel.services.types.map(({ id: typeId }) => {
    const published = panel.discovery.providers(typeId).some(({ self, stale }) => self && !stale);
    return isSilent(web, { typeId, builtin: true, local: { ...(states.get(typeId) ?? ABSENT), published } });
  });
  const lasted = lastingSilences(web);
  return withState(web, version, [...read, await Promise.all(silent), lasted]);
}

export async function services(web: Web, visit: Visit) {
  const { services, sources } = await web.panel.overview();
  const models = services.map((summary) => serviceModel(typeFor(visit, summary), visit.words));
  return { services: models, sources: sources.map(sourceModel) };
}

/** @throws PanelError bad-request */
export function turnBackground(web: Web, visit: Visit) {
  const turn = bodyField(visit.request, 'turn');
  if (turn === 'on') web.panel.background.on();
  else if (turn === 'off') web.panel.background.off();
  else throw new PanelError('bad-request', 'It can be turned on or off.', 'Send turn=on or turn=off.');
  noteAction(web, visit, `background-${turn}`);
  return { background: backgroundModel(web.panel) };
}

async function homeModel(web: Web, visit: Visit, refused: readonly Refused[]) {
  const { panel } = web;
  const { words, role } = visit;
  const { services } = await panel.overview();
  const quotes = role === 'owner' ? quoteAll(panel, services) : new Map<string, Quote>();
  const models = await Promise.all(services.map((summary) => homeService(web, visit, summary, quotes)));
  const left = models.filter(({ job }) => job === null).flatMap(({ type }) => quotes.get(type) ?? []);
  const problem = await panel.local.problem();
  const isEmpty = models.every(({ providers }) => providers === 0);
  const isMeasured = models.some(({ measured }) => measured > 0);
  const probed = troubledFirst(models.filter(isProbed));
  const isQuiet = ({ providers, trouble }: HomeService) => providers === 0 && trouble === null;
  return {
    title: words.t('page.home'),
    systemd: problem === null || asPanelError(problem).code !== 'no-systemd',
    alarm: alarm(models),
    distance: distanceOfNodes(visit, services),
    strips: strips(web, visit, services),
    services: probed.filter((model) => !isQuiet(model)),
    quiet: probed.filter(isQuiet),
    others: otherServices(web, visit, models),
    nothing: isEmpty ? await emptyModel(panel, words, undefined, visit.request.query) : null,
    guide: guide(web, visit, isMeasured),
    unmeasured: !isMeasured,
    /** What "scan all" costs; null where nothing is left to begin, or nobody may. */
    all: left.length > 0 ? sum(left) : null,
    scanning: progress(models),
    refused: refused.map(({ type, error }) => ({ title: typeTitle(panel.services.of(type), type, words), error })),
    about: (seconds: number) => about(seconds, words),
  };
}

/** The tries of all scans under way together; null without one. */
function progress(models: readonly HomeService[]) {
  const jobs = models.flatMap(({ job }) => job ?? []);
  const sumOf = (of: 'done' | 'total') => jobs.reduce((total, job) => total + job[of], 0);
  return jobs.length > 0 ? { done: sumOf('done'), total: sumOf('total') } : null;
}

/** Each node once, as this visitor may see it. */
function distanceOfNodes(visit: Visit, services: readonly TypeSummary[]) {
  const { words } = visit;
  const types = services.map((summary) => typeFor(visit, summary));
  const titled = types.map(({ type, typeId, ranked }) => ({ title: typeTitle(type, typeId, words), rows: ranked }));
  return distanceModel(nodesAround(titled), words);
}

/** A type that is known once somebody announces it is no less of a service than the built-in ones. */
const isProbed = ({ builtin, known }: Pick<HomeService, 'builtin' | 'known'>) => builtin || known;

/** Other services of a page: strangers choose how many there are. */
const OTHERS_PER_PAGE = 24;

/** The page of other services that the address asks for; past the end, the last one. */
function otherServices(web: Web, { request }: Visit, models: readonly HomeService[]) {
  const all = models.filter((model) => !isProbed(model));
  const pages = Math.max(1, Math.ceil(all.length / OTHERS_PER_PAGE));
  const page = Math.min(queryInteger(request.query, 'page', PAGES) ?? 1, pages);
  const start = (page - 1) * OTHERS_PER_PAGE;
  const address = (number: number) => (number === 1 ? web.base : `${web.base}?page=${number}`);
  return {
    services: all.slice(start, start + OTHERS_PER_PAGE),
    ...{ total: all.length, page, pages, first: start + 1, last: Math.min(start + OTHERS_PER_PAGE, all.length) },
    previous: page > 1 ? address(page - 1) : null,
    next: page < pages ? address(page + 1) : null,
    /** Of this very page. */
    address: address(page),
  };
}

type HomeService = Awaited<ReturnType<typeof homeService>>;

/** Types without a probe are scanned one by one, from their own pages. */
async function homeService(web: Web, visit: Visit, summary: TypeSummary, quotes: ReadonlyMap<string, Quote>) {
  const bars = summary.best ? web.panel.bars(summary.typeId) : NO_BARS;
  const more = { bars, quote: quotes.get(summary.typeId) ?? null };
  return {
    ...cardModel(typeFor(visit, summary), more, visit.words),
    /** For the owner, the only one who can mend it. */
    trouble: visit.role === 'owner' ? await trouble(web, summary) : null,
  };
}

const NO_BARS: ReadonlyMap<string, Uint8Array> = new Map();

/** The others keep their order. */
function troubledFirst<T extends { readonly trouble: Trouble | null }>(services: readonly T[]): readonly T[] {
  return services.toSorted((a, b) => Number(b.trouble !== null) - Number(a.trouble !== null));
}

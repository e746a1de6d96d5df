/** The first page: every service in one sentence, first the services that need the owner. */
import { asPanelError, PanelError } from '../../model/errors.js';
import { ABSENT } from '../../node/systemd/index.js';
import type { TypeSummary, Version } from '../../panel/contract.js';
import { backgroundModel } from '../../present/background.js';
import { emptyModel } from '../../present/empty.js';
import { PAGES, queryInteger } from '../../present/query.js';
import { alarm, serviceModel, sourceModel } from '../../present/service.js';
import { answers, fields, oneOf } from '../api/operation.js';
import { bodyField } from '../auth/index.js';
import type { Web } from '../context.js';
import { redirect, section } from '../reply/respond.js';
import { typeFor } from '../request/as-reader.js';
import { noteAction } from '../request/note.js';
import { withState } from '../request/version.js';
import { api, get, type Route, twins } from '../route.js';
import type { Visit } from '../visit.js';

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
    page: (web, visit) => redirect(visit, `${web.base}#background`),
  }),
];

async function home(web: Web, visit: Visit) {
  // Without its last slash the base is outside our cookie's path: nobody would be logged in there.
  if (!visit.request.url.startsWith(web.base)) return redirect(visit, web.base);
  const model = await homeModel(web, visit);
  return section(web, visit, 'home', { follow: null, watch: model.others.address }, model);
}

/** For the owner also of what is wrong here, and of what measures in the background. */
async function homeVersion(web: Web, visit: Visit): Promise<Version> {
  const { panel } = web;
  const version = panel.version();
  const states = await panel.local.states();
  const problem = await panel.local.problem();
  const isEmpty = panel.discovery.providers().length === 0;
  const nothing = isEmpty ? await emptyModel(panel, visit.words) : null;
  if (visit.role !== 'owner') return withState(web, version, [[...states], problem, nothing]);
  const { on, waiting, last } = panel.background.status();
  const silent = panel.services.types.map(({ id: typeId }) => {
    const published = panel.discovery.providers(typeId).some(({ self, stale }) => self && !stale);
    return isSilent(web, { typeId, builtin: true, local: { ...(states.get(typeId) ?? ABSENT), published } });
  });
  const lasted = [...(silences.get(web)?.values() ?? [])].map((since) => web.now() - since >= APART_MS);
  return withState(web, version, [[...states], problem, nothing, on, waiting, last, await Promise.all(silent), lasted]);
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

async function homeModel(web: Web, visit: Visit) {
  const { services } = await web.panel.overview();
  const models = await Promise.all(services.map((summary) => homeService(web, visit, summary)));
  const problem = await web.panel.local.problem();
  const isEmpty = models.every(({ providers }) => providers === 0);
  return {
    title: visit.words.t('page.home'),
    systemd: problem === null || asPanelError(problem).code !== 'no-systemd',
    background: backgroundModel(web.panel),
    alarm: alarm(models),
    services: troubledFirst(models.filter(({ builtin }) => builtin)),
    others: otherServices(web, visit, models),
    nothing: isEmpty ? await emptyModel(web.panel, visit.words, undefined, visit.request.query) : null,
    unmeasured: models.some(({ measured }) => measured > 0) ? null : measurer(web, visit),
  };
}

/** Other services of a page: strangers choose how many there are. */
const OTHERS_PER_PAGE = 24;

/** The page of other services that the address asks for; past the end, the last one. */
function otherServices(web: Web, { request }: Visit, models: readonly HomeService[]) {
  const all = models.filter(({ builtin }) => !builtin);
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

/** Who may start the first scan, as the visitor has to be told. */
export const MEASURERS = ['owner', 'reader', 'first', 'guest'] as const;

function measurer({ auth }: Web, { role }: Visit): (typeof MEASURERS)[number] {
  if (role === 'owner') return 'owner';
  if (!auth.ownLogin) return 'guest';
  return auth.hasOwner ? 'reader' : 'first';
}

type HomeService = Awaited<ReturnType<typeof homeService>>;

async function homeService(web: Web, visit: Visit, summary: TypeSummary) {
  const { words, role } = visit;
  return {
    ...serviceModel(typeFor(visit, summary), words),
    /** For the owner, the only one who can mend it. */
    trouble: role === 'owner' ? await trouble(web, summary) : null,
    /** Makes the linked page show all rows that are counted, hidden ones too. */
    counted: role === 'owner' ? { hidden: 'yes' } : {},
  };
}

/** What is wrong with an own service: a unit has failed, or it is announced and neighbours cannot reach its port. */
type Trouble = 'unit' | 'port';

/** The others keep their order. */
function troubledFirst<T extends { readonly trouble: Trouble | null }>(services: readonly T[]): readonly T[] {
  return services.toSorted((a, b) => Number(b.trouble !== null) - Number(a.trouble !== null));
}

async function trouble(web: Web, summary: TypeSummary): Promise<Trouble | null> {
  if (summary.local.units.some(({ state }) => state === 'failed')) return 'unit';
  return hasLasted(web, summary.typeId, await isSilent(web, summary)) ? 'port' : null;
}

/** Whether it is announced while its port is open only to this machine. */
async function isSilent(
  { panel }: Web,
  { typeId, local, builtin }: Pick<TypeSummary, 'typeId' | 'builtin' | 'local'>,
): Promise<boolean> {
  if (!builtin || !local.published) return false;
  if (local.state === 'stopped') return true;
  const states = ((await panel.own.view(typeId)).port?.transports ?? []).map(({ listening }) => listening);
  return states.some((listening) => listening !== null) && !states.includes('open');
}

/** A service that is starting is silent too: it is trouble only once two looks so far apart agree, ms. */
const APART_MS = 30_000;

/** By panel, each with its own clock: the silent types, and since when (ms since the epoch). */
const silences = new WeakMap<Web, Map<string, number>>();

/** Whether the type was silent at every look for that long. */
function hasLasted(web: Web, typeId: string, isSilent: boolean): boolean {
  const silent = silences.get(web) ?? new Map<string, number>();
  silences.set(web, silent);
  const now = web.now();
  // Never later than now: the clock may have been set back meanwhile.
  const since = isSilent ? Math.min(silent.get(typeId) ?? now, now) : null;
  if (since === null) silent.delete(typeId);
  else silent.set(typeId, since);
  return since !== null && now - since >= APART_MS;
}

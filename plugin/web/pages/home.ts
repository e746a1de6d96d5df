/** The first page: every service in one sentence, with what needs the owner's hand before everything else. */
import { asPanelError } from '../../model/errors.js';
import type { TypeSummary, TypeView } from '../../panel/contract.js';
import { PAGES, wholeOf } from '../../present/query.js';
import { isReachable } from '../../present/row.js';
import { serviceModel } from '../../present/service.js';
import type { Web } from '../context.js';
import { seenType } from '../request/as-reader.js';
import type { Visit } from '../visit.js';
import { backgroundModel } from './background.js';
import { nothingModel } from './empty.js';

/** What is wrong with an own service: a unit has failed, or it is announced and neighbours cannot reach its port. */
type Trouble = 'unit' | 'port';

export async function homeModel(web: Web, visit: Visit) {
  const { services } = await web.panel.overview();
  const models = await Promise.all(services.map((summary) => homeService(web, visit, summary)));
  const problem = await web.panel.local.problem();
  const empty = models.every(({ providers }) => providers === 0);
  return {
    title: visit.words.t('page.home'),
    systemd: problem === null || asPanelError(problem).code !== 'no-systemd',
    background: backgroundModel(web),
    services: troubledFirst(models.filter(({ builtin }) => builtin)),
    others: othersModel(web, visit, models),
    nothing: await nothingModel(web, visit, empty),
    unmeasured: models.some(({ measured }) => measured > 0) ? null : measurer(web, visit),
  };
}

/** Other services of a page: strangers choose how many there are. */
const OTHERS_PAGE = 24;

/** The page of other services that the address asks for; past the end, the last one. */
function othersModel(web: Web, { request }: Visit, models: readonly HomeService[]) {
  const all = models.filter(({ builtin }) => !builtin);
  const pages = Math.max(1, Math.ceil(all.length / OTHERS_PAGE));
  const page = Math.min(wholeOf(request.query, 'page', PAGES) ?? 1, pages);
  const start = (page - 1) * OTHERS_PAGE;
  const to = (number: number) => (number === 1 ? web.base : `${web.base}?page=${number}`);
  return {
    services: all.slice(start, start + OTHERS_PAGE),
    ...{ total: all.length, page, pages, first: start + 1, last: Math.min(start + OTHERS_PAGE, all.length) },
    previous: page > 1 ? to(page - 1) : null,
    next: page < pages ? to(page + 1) : null,
    /** Where this very page is. */
    here: to(page),
  };
}

/** Who may measure for the first time, as the visitor has to be told. */
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
    ...serviceModel(seenType(visit, summary), words),
    /** For the owner's eyes: nobody else can mend it. */
    trouble: role === 'owner' ? await troubleOf(web, summary) : null,
    /** So that the page shows all that is counted, the owner's hidden ones too. */
    counted: role === 'owner' ? { hidden: 'yes' } : {},
  };
}

/** The others keep their order. */
function troubledFirst<T extends { readonly trouble: Trouble | null }>(services: readonly T[]): readonly T[] {
  return services.toSorted((a, b) => Number(b.trouble !== null) - Number(a.trouble !== null));
}

async function troubleOf(web: Web, summary: TypeSummary): Promise<Trouble | null> {
  if (summary.local.units.some(({ state }) => state === 'failed')) return 'unit';
  return hasLasted(web, summary.word, await isSilent(web, summary)) ? 'port' : null;
}

/** Whether it is announced, and its port is open to nobody but this machine. */
async function isSilent({ panel }: Web, { word, local, builtin }: TypeSummary): Promise<boolean> {
  if (!builtin || !local.published) return false;
  if (local.state === 'stopped') return true;
  const heard = ((await panel.own.view(word)).port?.transports ?? []).map(({ listening }) => listening);
  return heard.some((one) => one !== null) && !heard.includes('open');
}

/** A service that is only starting is silent too: it is no trouble until two looks so far apart agree, ms. */
const APART_MS = 30_000;

/** By panel, each with its own clock: the types found silent, and since when (ms since the epoch). */
const silences = new WeakMap<Web, Map<string, number>>();

/** Whether the type was silent at every look for that long. */
function hasLasted(web: Web, word: string, isSilent: boolean): boolean {
  const known = silences.get(web) ?? new Map<string, number>();
  silences.set(web, known);
  const now = web.now();
  // Never later than now: the clock may have been set back meanwhile.
  const since = isSilent ? Math.min(known.get(word) ?? now, now) : null;
  if (since === null) known.delete(word);
  else known.set(word, since);
  return since !== null && now - since >= APART_MS;
}

/** What a type's headline says where nothing can be recommended. */
export function headlineOf({ ranked }: TypeView) {
  const reachable = ranked.filter(isReachable);
  return {
    own: ranked.some(({ provider, score }) => provider.self && (score ?? 0) > 0),
    all: ranked.length,
    reachable: reachable.length,
    /** Something answers, and its protocol is not checked. */
    unscored: reachable.some(({ score }) => score === null),
  };
}

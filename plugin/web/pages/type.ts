/** The page of one service type: its providers ranked, the scan button, and this node's own service. */
import { asPanelError } from '../../model/errors.js';
import type { Job } from '../../model/job.js';
import type { PublishForm } from '../../node/announce/form.js';
import type { TypeView } from '../../panel/contract.js';
import { looksAround } from '../../present/background.js';
import { emptyModel } from '../../present/empty.js';
import { scanSummary } from '../../present/list/summary.js';
import { API_DEFAULTS, listModel, pageDefaults } from '../../present/list.js';
import { isPreview, OWN_JOBS, ownModel } from '../../present/own.js';
import { distanceModel, providersAround } from '../../present/pictures/distance.js';
import { isReachable } from '../../present/row.js';
import { EVERYTHING, readSearch, searchRows, toQuery } from '../../present/search.js';
import { alarm, typeModel } from '../../present/service.js';
import { answers, startsJob } from '../api/operation.js';
import type { Web } from '../context.js';
import { order, pulse } from '../reply/job.js';
import { section } from '../reply/respond.js';
import { strips } from '../reply/strips.js';
import { jobFor, typeFor } from '../request/as-reader.js';
import { pathParams, requestedJob } from '../request/path.js';
import { typeVersion } from '../request/version.js';
import { type Route, twins } from '../route.js';
import type { Visit } from '../visit.js';
import { fileModels, follows } from './files.js';

const LIST_QUERY = {
  q: 'Words that name, host, address, description or community contain.',
  works: 'yes: only what did as it should when it was last tried.',
  reachable: 'yes: only what answered, be it an open port.',
  measured: 'yes: only what was ever measured.',
  measurable: 'yes: only what may be measured.',
  pinned: 'yes: only what the owner has pinned.',
  open: 'yes: only what its announcer says is open to everybody.',
  vacant: 'yes: without what its announcer says is full.',
  lang: 'Only where its announcer says that they help in that language, by its code.',
  hidden: 'no: without what the owner has hidden; only: nothing else.',
  community: 'Only of that community.',
  source: 'Only what that source tells of.',
  sort: 'score, name, rtt, answers or measured; score without it.',
  reverse: 'yes: the other way round.',
  rows: 'Providers of a page, 10 to 1000; all without it.',
  page: 'From 1; past the end, the last one.',
};

export const routes: readonly Route[] = [
  ...twins('GET', '/services/:type', 'reader', {
    operation: answers('One type with its providers, best first', 'Type', LIST_QUERY),
    version: typeVersion,
    load,
    page: (web, visit, loaded) => show(web, visit, loaded, requestedJob(web, visit)),
    json: typeAnswer,
  }),
  ...order('/services/:type/scan', {
    operation: startsJob('Measures all providers of the type', 'each was tried, and the list is ranked anew.'),
    begin: (web, visit) => web.panel.scan(pathParams(visit).type),
    show: typeSection,
  }),
];

type Loaded = Awaited<ReturnType<typeof load>>;

/** The type as this visitor may see it, with the rows that the query asks for. A program gets all rows without a query. */
async function load(web: Web, visit: Visit) {
  const { words, role, request, api } = visit;
  const { type: typeId } = pathParams(visit);
  const search = !api && isPreview(request.query) ? EVERYTHING : readSearch(request.query);
  const defaults = api ? API_DEFAULTS : pageDefaults(role);
  const view = typeFor(visit, await web.panel.type(typeId));
  const result = searchRows(view.ranked, search, defaults);
  const model = {
    ...typeModel(view, words, result.rows),
    files: fileModels(web, view.type, typeId, visit),
    follows: follows(view),
  };
  return { view, model, list: { search, result, defaults } };
}

export function typeAnswer(_: Visit, { model, list: { result } }: Loaded) {
  const { total, page, pages } = result;
  return { ...model, found: { total, page, pages } };
}

/**
 * The type's page or its changing part, following the given job, else the type's running one.
 * @param typed what was typed into the form for announcing the service, where it could not be taken
 */
export async function typeSection(web: Web, visit: Visit, job: Job | null, typed?: PublishForm) {
  return show(web, visit, await load(web, visit), job, typed);
}

async function show(web: Web, visit: Visit, { view, model, list }: Loaded, job: Job | null, typed?: PublishForm) {
  const { words, fragment, role, request } = visit;
  const typeId = view.typeId;
  const address = web.url('services', typeId);
  const { scan, act } = followedJobs(web, visit, view, job);
  const problem = ['absent', 'unknown'].includes(model.local.state) ? await web.panel.local.problem() : null;
  const ownRequest = { isOwner: role === 'owner', fragment, query: request.query, act, typed };
  return section(web, visit, 'type', pulse(address, list.search, scan, act), {
    ...(await ownModel(web.panel, words, typeId, ownRequest)),
    ...{ scan, act },
    title: model.title,
    type: model,
    alarm: alarm([model]),
    strips: strips(web, visit, [view]),
    distance: distanceModel(providersAround({ title: model.title, rows: view.ranked }), words),
    find: listModel(address, view.ranked, list, words),
    query: toQuery(list.search),
    headline: headline(view),
    looks: looksAround(web.panel, view.ranked),
    summary: scanSummary(scan, view.ranked, words),
    nothing: view.ranked.length === 0 ? await emptyModel(web.panel, words, typeId, request.query) : null,
    systemd: problem && asPanelError(problem).code,
  });
}

/** The type's running jobs; else the job that the page follows to its end, or one whose end nobody has seen. */
function followedJobs(web: Web, visit: Visit, { typeId, job }: TypeView, requested: Job | null) {
  const found = requested ?? web.panel.jobs.cutOff(typeId);
  const followed = found && jobFor(web, visit, found);
  const isAct = ({ kind }: Job) => OWN_JOBS.includes(kind);
  const act = visit.jobs.find((running) => running.type === typeId && isAct(running)) ?? null;
  return {
    scan: job ?? (followed?.kind === 'scan' ? followed : null),
    /** On this node's own service. */
    act: act ?? (followed && isAct(followed) ? followed : null),
  };
}

/** What the headline says where nothing can be recommended. */
function headline({ ranked }: TypeView) {
  const reachable = ranked.filter(isReachable);
  return {
    own: ranked.some(({ provider, score }) => provider.self && (score ?? 0) > 0),
    all: ranked.length,
    reachable: reachable.length,
    /** Something answers, and its protocol is not checked. */
    unscored: reachable.some(({ score }) => score === null),
  };
}

/** The pages: each handler loads, renders, returns. */

import { asPanelError } from '../../model/errors.js';
import type { Job } from '../../model/job.js';
import type { PublishForm } from '../../node/announce/form.js';
import type { ProviderView, TypeView } from '../../panel/contract.js';
import { opinionModel, providerModel } from '../../present/provider.js';
import { rowModel } from '../../present/row.js';
import { EVERYTHING, type Find, look, queryOf, readFind } from '../../present/search.js';
import { serviceModel, titleOf, typeModel } from '../../present/service.js';
import type { ServiceType } from '../../services/contract.js';
import type { Web } from '../context.js';
import { codesOf } from '../reply/qr.js';
import { type Pulse, redirect, section } from '../reply/respond.js';
import { seenJob, seenProvider, seenType } from '../request/as-reader.js';
import { pathOf } from '../request/path.js';
import type { Visit } from '../visit.js';
import { nothingModel } from './empty.js';
import { fileModels } from './files.js';
import { findModel, pageDefaults } from './find-model.js';
import { historyModel } from './history.js';
import { headlineOf, homeModel } from './home.js';
import { ACTS, isPreview, ownData } from './local-model.js';

export async function home(web: Web, visit: Visit) {
  // Without its last slash the base is outside our cookie's path: nobody would be logged in there.
  if (!visit.request.url.startsWith(web.base)) return redirect(visit, web.base);
  const model = await homeModel(web, visit);
  return section(web, visit, 'home', { follow: null, watch: model.others.here }, model);
}

export async function type(web: Web, visit: Visit) {
  return typeSection(web, visit, askedJob(web, visit));
}

/**
 * The type's page or its changing part, following the job given, else the type's running one.
 * @param typed what a person typed into the form for announcing the service, where it could not be taken
 */
export async function typeSection(web: Web, visit: Visit, followed: Job | null, typed?: PublishForm) {
  const { type: word } = pathOf(visit);
  const view = seenType(visit, await web.panel.type(word));
  const listed = listModel(web, visit, view);
  const model = { ...typeModel(view, visit.words, listed.rows), files: fileModels(web, view.type, word, visit) };
  const jobs = typeJobs(web, visit, view, followed);
  const problem = ['absent', 'unknown'].includes(model.local.state) ? await web.panel.local.problem() : null;
  const pulse = pulseOf(web.url('services', word), listed.find, jobs.scan, jobs.act);
  return section(web, visit, 'type', pulse, {
    ...(await ownData(web, visit, word, jobs.act, typed)),
    ...jobs,
    title: model.title,
    type: model,
    find: listed.model,
    query: queryOf(listed.find),
    headline: headlineOf(view),
    nothing: await nothingModel(web, visit, view.ranked.length === 0, word),
    systemd: problem && asPanelError(problem).code,
  });
}

/** The rows of the list that the address asks for, and the ways to other rows. */
function listModel(web: Web, visit: Visit, { word, ranked }: TypeView) {
  const { query } = visit.request;
  const find = isPreview(query) ? EVERYTHING : readFind(query);
  const defaults = pageDefaults(visit);
  const found = look(ranked, find, defaults);
  const model = findModel(web.url('services', word), ranked, { find, found, defaults }, visit.words);
  return { find, rows: found.rows, model };
}

/**
 * A running scan of the type and a running act on the own service; else the one that the page follows to its end, or whose
 * end nobody has seen.
 */
function typeJobs(web: Web, visit: Visit, { word, job }: TypeView, asked: Job | null) {
  const found = asked ?? web.panel.jobs.cutOff(word);
  const followed = found && seenJob(web, visit, found);
  const isAct = ({ kind }: Job) => ACTS.includes(kind);
  const act = web.panel.jobs.running().find((one) => one.type === word && isAct(one)) ?? null;
  return {
    scan: job ?? (followed?.kind === 'scan' ? followed : null),
    act: act ?? (followed && isAct(followed) ? followed : null),
  };
}

/** While a job runs it is followed, and the page that it belongs to asks often. */
function pulseOf(address: string, find: Find, ...jobs: readonly (Job | null)[]): Pulse {
  const job = jobs.find((one) => one?.state === 'running');
  return job
    ? { follow: address + queryOf(find, { job: job.id }), watch: null }
    : { follow: null, watch: address + queryOf(find) };
}

export async function provider(web: Web, visit: Visit) {
  return providerSection(web, visit, askedJob(web, visit));
}

/** The provider's page or its changing part, following the job given, else a running one that covers the provider. */
export async function providerSection(web: Web, visit: Visit, followed: Job | null, more: object = {}) {
  const { type: word, id } = pathOf(visit);
  const found = seenProvider(visit, await web.panel.provider(word, id));
  const covers = (job: Job) =>
    job.type === word && (job.kind === 'scan' || job.kind === 'connect') && (job.provider ?? id) === id;
  const { type } = found.view;
  const own = await introduced(found, visit);
  const model = {
    ...providerModel(found, visit.words, web.now(), visit.role === 'owner', own),
    files: fileModels(web, type, word, visit),
  };
  const followedJob = followed && seenJob(web, visit, followed);
  const job = followedJob ?? web.panel.jobs.running().find(covers) ?? null;
  const pulse = pulseOf(web.url('services', word, 'providers', id), EVERYTHING, job);
  return section(web, visit, 'provider', pulse, {
    saved: 'saved' in (visit.request.query as object),
    ...more,
    history: historyModel(web, visit),
    opinion: visit.role === 'owner' ? opinionModel(web.panel.store.opinions.get(word, id)) : null,
    title: `${found.ranked.provider.node} · ${titleOf(type, word, visit.words)}`,
    service: serviceModel(found.view, visit.words),
    provider: model,
    codes: codesOf(model.use.flatMap((step) => (step.kind === 'qr' ? [step.text] : []))),
    bytes: model.scan.bytes,
    scannable: found.ranked.provider.barred === null,
    job,
    done: doneText(job, type, visit),
  });
}

/** What this node's own configuration says about the provider: for its owner's eyes only. */
export async function introduced({ view, ranked }: ProviderView, { role }: Visit) {
  return role === 'owner' ? view.type.introduce?.(ranked.provider) : undefined;
}

export async function job(web: Web, visit: Visit) {
  const found = seenJob(web, visit, web.panel.jobs.get(pathOf(visit).id));
  const type = web.panel.services.of(found.type);
  const service = titleOf(type, found.type, visit.words);
  const title = visit.words.t(`job.kind.${found.kind}`, { service });
  const done = doneText(found, type, visit);
  const isRunning = found.state === 'running';
  const pulse = { follow: isRunning ? web.url('jobs', found.id) : null, watch: null };
  const tried = triedBy(web, visit, found);
  return section(web, visit, 'job', pulse, {
    title,
    service,
    job: found,
    done,
    refresh: isRunning,
    tried: await tried,
  });
}

/** So many of those that a scan has tried stand on its page. */
const TRIED_ROWS = 30;

/** Whom the scan has tried, the last one first, with what came of it; without those tried again since it ended. */
async function triedBy(web: Web, visit: Visit, job: Job) {
  if (job.kind !== 'scan' || web.panel.discovery.providers(job.type).length === 0) return [];
  const { ranked, type } = seenType(visit, await web.panel.type(job.type));
  const from = Date.parse(job.startedAt);
  const until = job.finishedAt === null ? Number.POSITIVE_INFINITY : Date.parse(job.finishedAt);
  return ranked
    .map((one) => ({ one, at: one.measuredAt ?? Number.NEGATIVE_INFINITY }))
    .filter(({ one, at }) => at >= from && at <= until && (job.provider ?? one.provider.id) === one.provider.id)
    .toSorted((a, b) => b.at - a.at)
    .slice(0, TRIED_ROWS)
    .map(({ one }) => rowModel(one, type, visit.words));
}

/** What a finished job has come to, where the type says more than that it is done. */
function doneText(job: Job | null, { connect }: ServiceType, { words }: Visit): string | null {
  return job?.kind === 'connect' ? (connect?.done[words.language] ?? null) : null;
}

/** The job that the page says it follows (`?job=`), so that its end is shown too; a job of another type is not ours. */
function askedJob(web: Web, visit: Visit): Job | null {
  const { job: id } = visit.request.query as { job?: unknown };
  if (typeof id !== 'string') return null;
  try {
    const found = web.panel.jobs.get(id);
    return found.type === pathOf(visit).type ? found : null;
  } catch {
    return null;
  }
}

/** The pages: each handler loads, renders, returns. */
import type { Job } from '../jobs.js';
import type { PublishForm } from '../node/announcement.js';
import type { ProviderView } from '../panel.js';
import type { ServiceType } from '../services/index.js';
import { backgroundModel } from './background.js';
import { fileModels } from './files.js';
import { historyModel } from './history.js';
import { providerModel, serviceModel, titleOf, typeModel } from './model.js';
import { opinionModel } from './opinion.js';
import { ownData } from './own-model.js';
import { codesOf } from './qr.js';
import { page, redirect, section } from './respond.js';
import type { Visit, Web } from './visit.js';

/** The `:type` and `:id` of the path. */
export const pathOf = ({ request }: Visit) => request.params as { readonly type: string; readonly id: string };

export async function home(web: Web, visit: Visit) {
  // Without its last slash the base is outside our cookie's path: nobody would be logged in there.
  if (!visit.request.url.startsWith(web.base)) return redirect(visit, web.base);
  const { services } = await web.panel.overview();
  const models = services.map((summary) => serviceModel(summary, visit.words));
  return page(web, visit, 'home', {
    title: visit.words.t('page.home'),
    systemd: (await web.panel.local.problem()) === null,
    background: backgroundModel(web),
    services: models.filter(({ builtin }) => builtin),
    others: models.filter(({ builtin }) => !builtin),
  });
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
  const view = await web.panel.type(word);
  const model = { ...typeModel(view, visit.words), files: fileModels(web, view.type, word, visit) };
  const running = web.panel.jobs.running().find((job) => job.type === word && job.kind !== 'connect') ?? null;
  const problem = model.local.state === 'absent' ? await web.panel.local.problem() : null;
  return section(web, visit, 'type', {
    ...(await ownData(web, visit, word, typed)),
    title: model.title,
    type: model,
    job: followed ?? view.job ?? running,
    systemd: problem === null,
  });
}

export async function provider(web: Web, visit: Visit) {
  return providerSection(web, visit, askedJob(web, visit));
}

/** The provider's page or its changing part, following the job given, else a running one that covers the provider. */
export async function providerSection(web: Web, visit: Visit, followed: Job | null, more: object = {}) {
  const { type: word, id } = pathOf(visit);
  const found = await web.panel.provider(word, id);
  const covers = (job: Job) =>
    job.type === word && (job.kind === 'scan' || job.kind === 'connect') && (job.provider ?? id) === id;
  const { type } = found.view;
  const own = await introduced(found, visit);
  const model = { ...providerModel(found, visit.words, web.now(), own), files: fileModels(web, type, word, visit) };
  const job = followed ?? web.panel.jobs.running().find(covers) ?? null;
  return section(web, visit, 'provider', {
    saved: 'saved' in (visit.request.query as object),
    ...more,
    history: historyModel(web, visit),
    opinion: visit.role === 'owner' ? opinionModel(web.panel.store.opinions.get(word, id)) : null,
    title: `${found.ranked.provider.node} · ${titleOf(type, word, visit.words)}`,
    service: serviceModel(found.view, visit.words),
    provider: model,
    codes: await codesOf(model.use.flatMap((step) => (step.kind === 'qr' ? [step.text] : []))),
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
  const found = web.panel.jobs.get(pathOf(visit).id);
  const type = web.panel.services.of(found.type);
  const service = titleOf(type, found.type, visit.words);
  const title = visit.words.t(`job.kind.${found.kind}`, { service });
  const done = doneText(found, type, visit);
  return section(web, visit, 'job', { title, service, job: found, done, refresh: found.state === 'running' });
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

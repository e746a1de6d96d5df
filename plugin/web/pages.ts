/** The pages: each handler loads, renders, returns. */
import type { Job } from '../jobs.js';
import { providerModel, serviceModel, typeModel } from './model.js';
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
    services: models.filter(({ builtin }) => builtin),
    others: models.filter(({ builtin }) => !builtin),
  });
}

export async function type(web: Web, visit: Visit) {
  return typeSection(web, visit, askedJob(web, visit));
}

/** The type's page or its changing part, following the job given, else the type's running one. */
export async function typeSection(web: Web, visit: Visit, followed: Job | null) {
  const { type: word } = pathOf(visit);
  const view = await web.panel.type(word);
  const model = typeModel(view, visit.words);
  const running = web.panel.jobs.running().find((job) => job.type === word) ?? null;
  const problem = model.local.state === 'absent' ? await web.panel.local.problem() : null;
  return section(web, visit, 'type', {
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
export async function providerSection(web: Web, visit: Visit, followed: Job | null) {
  const { type: word, id } = pathOf(visit);
  const found = await web.panel.provider(word, id);
  const covers = (job: Job) => job.type === word && job.kind === 'scan' && (job.provider ?? id) === id;
  return section(web, visit, 'provider', {
    title: `${found.ranked.provider.node} · ${serviceModel(found.view, visit.words).title}`,
    service: serviceModel(found.view, visit.words),
    provider: providerModel(found, visit.words),
    bytes: found.view.type.cost.bytes,
    scannable: found.ranked.provider.barred === null,
    job: followed ?? web.panel.jobs.running().find(covers) ?? null,
  });
}

export async function job(web: Web, visit: Visit) {
  const found = web.panel.jobs.get(pathOf(visit).id);
  const { t, language } = visit.words;
  const of = web.panel.services;
  const service = of.has(found.type) ? of.of(found.type).title[language] : found.type;
  const title = t(`job.kind.${found.kind}`, { service });
  return section(web, visit, 'job', { title, service, job: found, refresh: found.state === 'running' });
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

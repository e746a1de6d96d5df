/** The JSON API: the pages' objects, and their POSTs answered with the job. */
import type { Job } from '../../model/job.js';
import { providerModel } from '../../present/provider.js';
import { look, readFind } from '../../present/search.js';
import { serviceModel, sourceModel, typeModel } from '../../present/service.js';
import { bodyField } from '../auth/index.js';
import type { Web } from '../context.js';
import { assertOwnLogin } from '../pages/actions.js';
import { noteDeed, noteJob } from '../pages/events.js';
import { fileModels } from '../pages/files.js';
import { API_DEFAULTS } from '../pages/find-model.js';
import { introduced } from '../pages/index.js';
import { accountOf } from '../request/account.js';
import { seenJob, seenProvider, seenType } from '../request/as-reader.js';
import { pathOf } from '../request/path.js';
import type { Visit } from '../visit.js';

export async function services(web: Web, visit: Visit) {
  const { services, sources } = await web.panel.overview();
  const models = services.map((one) => serviceModel(seenType(visit, one), visit.words));
  return { services: models, sources: sources.map(sourceModel) };
}

/** The providers that the query asks for; without one, all of them in ranked order. */
export async function type(web: Web, visit: Visit) {
  const find = readFind(visit.request.query);
  const view = seenType(visit, await web.panel.type(pathOf(visit).type));
  const { rows, total, page, pages } = look(view.ranked, find, API_DEFAULTS);
  const files = fileModels(web, view.type, view.word, visit);
  return { ...typeModel(view, visit.words, rows), files, found: { total, page, pages } };
}

export async function provider(web: Web, visit: Visit) {
  const { type, id } = pathOf(visit);
  const found = seenProvider(visit, await web.panel.provider(type, id));
  const own = await introduced(found, visit);
  return {
    ...providerModel(found, visit.words, web.now(), visit.role === 'owner', own),
    files: fileModels(web, found.view.type, type, visit),
  };
}

export async function job(web: Web, visit: Visit) {
  return seenJob(web, visit, web.panel.jobs.get(pathOf(visit).id));
}

/** Who asks, and the token that a POST must carry in `x-csrf-token`. */
export async function session(web: Web, visit: Visit) {
  return { role: visit.role, token: web.auth.token(visit) };
}

export async function login(web: Web, visit: Visit) {
  assertOwnLogin(web);
  const { request } = visit;
  await web.auth.login(visit, { password: bodyField(request, 'password'), code: bodyField(request, 'code') });
  return session(web, visit);
}

export async function scanType(web: Web, visit: Visit) {
  return accepted(web, visit, web.panel.scan(pathOf(visit).type));
}

export async function scanProvider(web: Web, visit: Visit) {
  const { type, id } = pathOf(visit);
  return accepted(web, visit, web.panel.scan(type, id, { account: accountOf(web, visit) }));
}

export async function connect(web: Web, visit: Visit) {
  const { type, id } = pathOf(visit);
  return accepted(web, visit, web.panel.connect(type, id));
}

export async function cancelJob(web: Web, visit: Visit) {
  const job = await web.panel.jobs.cancel(pathOf(visit).id);
  noteDeed(web, visit, 'cancel', { type: job.type, provider: job.provider });
  visit.reply.code(202);
  return { job };
}

/** The answer to a request that began a job. */
export function accepted(web: Web, visit: Visit, job: Job) {
  noteJob(web, visit, job);
  visit.reply.code(202);
  return { job };
}

/** The page of a job: survives a reload, and is the same in every tab. */
import type { Job } from '../../model/job.js';
import { scanSummary } from '../../present/list/summary.js';
import { rowModel } from '../../present/row.js';
import { typeTitle } from '../../present/service.js';
import { answers, startsJob } from '../api/operation.js';
import { bodyField } from '../auth/index.js';
import type { Web } from '../context.js';
import { accepted, doneText } from '../reply/job.js';
import { ownPath, redirect, section } from '../reply/respond.js';
import { jobFor, typeFor } from '../request/as-reader.js';
import { noteAction } from '../request/note.js';
import { pathParams } from '../request/path.js';
import { jobVersion } from '../request/version.js';
import { type Route, twins } from '../route.js';
import type { Visit } from '../visit.js';

export const routes: readonly Route[] = [
  ...twins('GET', '/jobs/:id', 'reader', {
    operation: answers('A job, running or ended', 'Job'),
    version: jobVersion,
    load: (web, visit) => jobFor(web, visit, web.panel.jobs.get(pathParams(visit).id)),
    page: show,
  }),
  ...twins('POST', '/jobs/:id/cancel', 'owner', {
    operation: {
      ...startsJob('Ends a job', ''),
      means: 'The job, ended: `cancelled`, unless it had ended before.',
    },
    load: cancel,
    page: cancelled,
    json: accepted,
  }),
];

async function cancel(web: Web, visit: Visit): Promise<Job> {
  const job = await web.panel.jobs.cancel(pathParams(visit).id);
  noteAction(web, visit, 'cancel', { type: job.type, provider: job.provider });
  return job;
}

/** To where it was cancelled; a page with scripts is there already, and follows the job. */
function cancelled(web: Web, visit: Visit, job: Job) {
  const back = bodyField(visit.request, 'back');
  if (visit.fragment) return back === '' ? show(web, visit, job) : visit.reply.code(204).send();
  return redirect(visit, back === '' ? web.url('jobs', job.id) : `${ownPath(web, back)}?job=${job.id}`);
}

async function show(web: Web, visit: Visit, job: Job) {
  const type = web.panel.services.of(job.type);
  const service = typeTitle(type, job.type, visit.words);
  const isRunning = job.state === 'running';
  const pulse = { follow: isRunning ? web.url('jobs', job.id) : null, watch: null };
  return section(web, visit, 'job', pulse, {
    title: visit.words.t(`job.kind.${job.kind}`, { service }),
    service,
    job,
    done: doneText(job, type, visit) ?? (await summary(web, visit, job)),
    refresh: isRunning,
    tried: await triedRows(web, visit, job),
  });
}

/** null where the type is not announced any more. */
async function summary(web: Web, visit: Visit, job: Job) {
  if (job.kind !== 'scan' || web.panel.discovery.providers(job.type).length === 0) return null;
  return scanSummary(job, typeFor(visit, await web.panel.type(job.type)).ranked, visit.words);
}

/** Providers that the page of a scan shows. */
const MAX_TRIED_ROWS = 30;

/** The providers that the scan has tried, the last one first; without those tried again since it ended. */
async function triedRows(web: Web, visit: Visit, job: Job) {
  if (job.kind !== 'scan' || web.panel.discovery.providers(job.type).length === 0) return [];
  const { ranked, type } = typeFor(visit, await web.panel.type(job.type));
  const from = Date.parse(job.startedAt);
  const until = job.finishedAt === null ? Number.POSITIVE_INFINITY : Date.parse(job.finishedAt);
  return ranked
    .map((row) => ({ row, at: row.measuredAt ?? Number.NEGATIVE_INFINITY }))
    .filter(({ row, at }) => at >= from && at <= until && (job.provider ?? row.provider.id) === row.provider.id)
    .toSorted((a, b) => b.at - a.at)
    .slice(0, MAX_TRIED_ROWS)
    .map(({ row }) => rowModel(row, type, visit.words));
}

/** Orders that begin a job: answered at once, while the job goes on. */
import type { Job } from '../../model/job.js';
import { type Search, toQuery } from '../../present/search.js';
import type { ServiceType } from '../../services/contract.js';
import type { Operation } from '../api/operation.js';
import type { Web } from '../context.js';
import { noteJob } from '../request/note.js';
import { type Route, twins } from '../route.js';
import type { Visit } from '../visit.js';
import { type Pulse, redirect } from './respond.js';

interface Order {
  readonly operation: Operation;
  begin(web: Web, visit: Visit): Job;
  /** The part of the page that the job changes. */
  show(web: Web, visit: Visit, job: Job): Promise<unknown>;
}

/** An order that only the owner gives, by a page or a program. */
export const order = (path: string, { operation, begin, show }: Order): readonly Route[] =>
  twins('POST', path, 'owner', {
    operation,
    load: (web, visit) => noteJob(web, visit, begin(web, visit)),
    page: (web, visit, job) => followed(web, visit, job, show),
    json: accepted,
  });

/** htmx gets the changed part of the page it is on; a browser without scripts goes to the job's page. */
export function followed(web: Web, visit: Visit, job: Job, show: Order['show']) {
  return visit.fragment ? show(web, visit, job) : redirect(visit, web.url('jobs', job.id));
}

/** A program gets the job. */
export function accepted({ reply }: Visit, job: Job) {
  reply.code(202);
  return { job };
}

/** While one of the jobs runs it is followed, and the page asks often. */
export function pulse(address: string, search: Search, ...jobs: readonly (Job | null)[]): Pulse {
  const running = jobs.find((job) => job?.state === 'running');
  return running
    ? { follow: address + toQuery(search, { job: running.id }), watch: null }
    : { follow: null, watch: address + toQuery(search) };
}

/** What a finished job has led to, where the type has a text for it. */
export function doneText(job: Job | null, { connect }: ServiceType, { words }: Visit): string | null {
  return job?.kind === 'connect' ? (connect?.done[words.language] ?? null) : null;
}

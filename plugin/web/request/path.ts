/** What the address of a request names. */

import type { Job } from '../../model/job.js';
import type { Web } from '../context.js';
import type { Visit } from '../visit.js';

/** The `:type` and `:id` of the path. */
export const pathParams = ({ request }: Visit) => request.params as { readonly type: string; readonly id: string };

/** The job that the page follows (`?job=`), so that its end is shown too; null for a job of another type. */
export function requestedJob(web: Web, visit: Visit): Job | null {
  const { job: id } = visit.request.query as { job?: unknown };
  if (typeof id !== 'string') return null;
  try {
    const job = visit.jobs.find((running) => running.id === id) ?? web.panel.jobs.get(id);
    return job.type === pathParams(visit).type ? job : null;
  } catch {
    return null;
  }
}

/** Notes what a request does: for the owner's list of events, and for the system's log. */
import { log, pairs } from '../../lib/log.js';
import { cleanText } from '../../lib/text.js';
import type { Job } from '../../model/job.js';
import type { Action, Actor, Event, NewEvent } from '../../store/tables/events.js';
import { bodyField } from '../auth/index.js';
import type { Web } from '../context.js';
import type { Visit } from '../visit.js';

/** Longest name of a Cloudy user, characters. */
const NAME_CAP = 64;

/** Who makes the request. Cloudy names its users; anyone else who has logged in is the owner. */
function actor(web: Web, { request, role, program }: Visit): Actor {
  if (program) return { by: 'token', name: program.name };
  const name = web.embedded ? cleanText(request.headers['x-cloudy-user'], NAME_CAP) : '';
  if (name !== '') return { by: 'cloudy', name };
  return { by: role === 'owner' ? 'owner' : 'stranger', name: '' };
}

/** @param subject the type and provider that it is about */
export function noteAction(
  web: Web,
  visit: Visit,
  what: Action,
  subject: Partial<Pick<Event, 'type' | 'provider'>> = {},
): void {
  const about = { type: null, provider: null, ...subject };
  const action = { ...actor(web, visit), what, ...about, result: 'done', job: null } as const;
  log.info(pairs(action));
  record(web, action);
}

/**
 * Notes who began the job, and not who asks for one that runs already. The log is told once the job has ended.
 * @returns the job
 */
export function noteJob(web: Web, visit: Visit, job: Job): Job {
  const { id, kind, type, provider } = job;
  const action = { ...actor(web, visit), what: kind, type, provider, job: id } as const;
  if (!record(web, { ...action, result: 'done' })) return job;
  const unit = bodyField(visit.request, 'unit');
  const tell = ({ state, error }: Job) =>
    log.info(pairs({ ...action, unit, result: state, error: error?.code ?? null }));
  web.panel.jobs.ended(id).then(tell).catch(log.error);
  return job;
}

/** A full disk must not make an action look as if it had failed. @returns false where it was noted before */
function record(web: Web, event: NewEvent): boolean {
  try {
    return web.panel.store.events.add(event);
  } catch (error) {
    log.error(error);
    return true;
  }
}

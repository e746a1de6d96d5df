/** What was done here: noted as it is done, told to the system's log, and shown to the owner. */

import { log, pairs } from '../../lib/log.js';
import { cleanText } from '../../lib/text.js';
import type { Job } from '../../model/job.js';
import type { Words } from '../../present/i18n.js';
import { wholeOf } from '../../present/query.js';
import { nameOf } from '../../present/row.js';
import { titleOf } from '../../present/service.js';
import { type Actor, type Deed, EVENTS_KEPT, type Event, type NewEvent } from '../../store/tables/events.js';
import { bodyField } from '../auth/index.js';
import type { Web } from '../context.js';
import { page } from '../reply/respond.js';
import type { Visit } from '../visit.js';

const LINES = 100;
const NAME_CAP = 64;

/** Who does what this request asks for. Cloudy says its users' names; whoever else logs in here is the owner. */
function actorOf(web: Web, { request, role }: Visit): Actor {
  const name = web.embedded ? cleanText(request.headers['x-cloudy-user'], NAME_CAP) : '';
  if (name !== '') return { by: 'cloudy', name };
  return { by: role === 'owner' ? 'owner' : 'stranger', name: '' };
}

/** @param of the type and provider that it is about */
export function noteDeed(web: Web, visit: Visit, what: Deed, of: Partial<Pick<Event, 'type' | 'provider'>> = {}): void {
  const deed = { ...actorOf(web, visit), what, type: null, provider: null, ...of, result: 'done', job: null } as const;
  log.info(pairs(deed));
  noted(web, deed);
}

/** Who began the job; whoever asks for one that runs already is not told of. The log is told once it has ended. */
export function noteJob(web: Web, visit: Visit, { id, kind, type, provider }: Job): void {
  const deed = { ...actorOf(web, visit), what: kind, type, provider, job: id } as const;
  if (!noted(web, { ...deed, result: 'done' })) return;
  const unit = bodyField(visit.request, 'unit');
  const told = ({ state, error }: Job) => log.info(pairs({ ...deed, unit, result: state, error: error?.code ?? null }));
  web.panel.jobs.ended(id).then(told).catch(log.error);
}

/** What is done is done: a full disk must not make it look as if it was not. @returns false where it was noted before */
function noted(web: Web, event: NewEvent): boolean {
  try {
    return web.panel.store.events.add(event);
  } catch (error) {
    log.error(error);
    return true;
  }
}

function eventModel(web: Web, { at, type: word, ...event }: Event, words: Words) {
  const service = word === null ? '' : titleOf(web.panel.services.of(word), word, words);
  const { by, name, what, provider, result, job, count } = event;
  const found = provider === null ? null : web.panel.discovery.find(provider);
  const text = words.t(words.has(`event.${what}`) ? `event.${what}` : `job.kind.${what}`, { service });
  return {
    at: new Date(at).toISOString(),
    ...{ by, name, what, text, type: word, provider, result, job, count },
    /** What the provider is called now; null where it is not announced any more. */
    providerName: found && nameOf(found),
  };
}

export type EventModel = ReturnType<typeof eventModel>;

/** `?limit=`: at most so many, the newest. */
function eventModels(web: Web, { request, words }: Visit): EventModel[] {
  const lines = wholeOf(request.query, 'limit', { from: 1, to: EVENTS_KEPT }) ?? LINES;
  return web.panel.store.events.newest(lines).map((event) => eventModel(web, event, words));
}

export async function events(web: Web, visit: Visit) {
  const models = eventModels(web, visit);
  const more = models.length === LINES ? EVENTS_KEPT : null;
  return page(web, visit, 'events', { title: visit.words.t('page.events'), events: models, more });
}

export async function eventsApi(web: Web, visit: Visit) {
  return { events: eventModels(web, visit) };
}

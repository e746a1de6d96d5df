/** The page of events: what was done here, newest first. */
import type { Words } from '../../present/i18n.js';
import { queryInteger } from '../../present/query.js';
import { providerName } from '../../present/row.js';
import { typeTitle } from '../../present/service.js';
import { EVENTS_KEPT, type Event } from '../../store/tables/events.js';
import { answers } from '../api/operation.js';
import type { Web } from '../context.js';
import { page } from '../reply/respond.js';
import { type Route, twins } from '../route.js';
import type { Visit } from '../visit.js';

/** Lines of the page where the query does not say. */
const LINES = 100;

export const routes: readonly Route[] = twins('GET', '/events', 'owner', {
  operation: answers('What was done here, newest first', 'Events', { limit: 'Lines, 1 to 500; 100 without it.' }),
  load: (web, visit) => ({ events: newest(web, visit) }),
  page: (web, visit, { events }) => {
    const more = events.length === LINES ? EVENTS_KEPT : null;
    return page(web, visit, 'events', { title: visit.words.t('page.events'), events, more });
  },
});

/** `?limit=`: so many at most. */
function newest(web: Web, { request, words }: Visit): EventModel[] {
  const lines = queryInteger(request.query, 'limit', { from: 1, to: EVENTS_KEPT }) ?? LINES;
  return web.panel.store.events.newest(lines).map((event) => eventModel(web, event, words));
}

export type EventModel = ReturnType<typeof eventModel>;

function eventModel(web: Web, { at, type: typeId, ...event }: Event, words: Words) {
  const service = typeId === null ? '' : typeTitle(web.panel.services.of(typeId), typeId, words);
  const { by, name, what, provider, result, job, count } = event;
  const found = provider === null ? null : web.panel.discovery.find(provider);
  const text = words.t(words.has(`event.${what}`) ? `event.${what}` : `job.kind.${what}`, { service });
  return {
    at: new Date(at).toISOString(),
    ...{ by, name, what, text, type: typeId, provider, result, job, count },
    /** The provider's present name; null where it is no longer announced. */
    providerName: found && providerName(found),
  };
}

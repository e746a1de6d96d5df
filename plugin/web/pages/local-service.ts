/** What the owner does with this node's own service of a type: runs it, announces it, reads its log. */
import type { Job } from '../../model/job.js';
import { VERBS, type Verb } from '../../model/unit.js';
import { FieldError } from '../../node/announce/form.js';
import { refused } from '../../node/systemd/control.js';
import { findTunnel } from '../../node/tunnels.js';
import { publishWarning, readForm } from '../../present/own.js';
import { serviceModel } from '../../present/service.js';
import { answers, fields, ref, startsJob, text } from '../api/operation.js';
import { bodyField } from '../auth/index.js';
import type { Web } from '../context.js';
import { accepted, followed, order } from '../reply/job.js';
import { page } from '../reply/respond.js';
import { noteJob } from '../request/note.js';
import { pathParams } from '../request/path.js';
import { api, get, post, type Route, twins } from '../route.js';
import type { Visit } from '../visit.js';
import { typeSection } from './type.js';

const FORM_QUERY = {
  description: 'As in the form.',
  port: 'As in the form.',
  attributes: 'name=value, separated by spaces or &.',
  community: 'As in the form.',
};
const unit = fields({
  unit: { ...text, description: 'One of the type’s units here; without it the one that stands for it.' },
});

export const routes: readonly Route[] = [
  get('/services/:type/confirm/stop', 'owner', confirmStop),
  ...VERBS.flatMap((verb) =>
    order(`/services/:type/${verb}`, {
      operation: startsJob(`systemctl ${verb}, for its unit`, 'systemd has carried it out.', unit),
      begin: (web, visit) => act(web, visit, verb),
      show: typeSection,
    }),
  ),
  ...twins('GET', '/services/:type/log', 'owner', {
    operation: answers('The last lines of its log', 'Log', { unit: 'One of the type’s units here.' }),
    load: (web, visit) => web.panel.own.log(pathParams(visit).type, queriedUnit(visit)),
    page: async (web, visit, log) => {
      const title = visit.words.t('log.title', { unit: log.unit });
      const service = serviceModel(await web.panel.type(pathParams(visit).type), visit.words);
      return page(web, visit, 'log', { title, service, log });
    },
  }),
  api(
    'GET /api/v1/services/:type/own',
    'owner',
    (web, visit) => web.panel.own.view(pathParams(visit).type),
    answers('This node’s own service: units, port, what is announced', 'Own'),
  ),
  api(
    'GET /api/v1/services/:type/preview',
    'owner',
    preview,
    answers('Exactly what neighbours would see', 'Preview', FORM_QUERY),
  ),
  post('/services/:type/publish', 'owner', publishPage),
  api(
    'POST /api/v1/services/:type/publish',
    'owner',
    (web, visit) => accepted(visit, publish(web, visit)),
    startsJob('Announces it to the neighbours', 'this node announces it.', ref('PublishForm')),
  ),
  ...order('/services/:type/unpublish', {
    operation: startsJob('Ends the announcement', 'this node no longer announces it.'),
    begin: (web, visit) =>
      web.panel.own.unpublish(pathParams(visit).type, bodyField(visit.request, 'port') || undefined),
    show: typeSection,
  }),
];

/** The type's unit that the query names; undefined = the one that stands for the type. */
function queriedUnit({ request }: Visit): string | undefined {
  const { unit } = request.query as { unit?: unknown };
  return typeof unit === 'string' && unit !== '' ? unit : undefined;
}

const act = (web: Web, visit: Visit, verb: Verb) =>
  web.panel.own.act(pathParams(visit).type, verb, bodyField(visit.request, 'unit') || undefined);

/** Asks before a unit is stopped through which the visitor may have come. */
async function confirmStop(web: Web, visit: Visit) {
  const view = await web.panel.type(pathParams(visit).type);
  const service = serviceModel(view, visit.words);
  const title = visit.words.t('stop.title', { service: service.title });
  const queried = queriedUnit(visit);
  // The page shows a command to be copied, with the unit in it: nothing that a link brought along.
  const unit = queried ?? view.local.unit;
  const own = view.local.units.find((candidate) => candidate.unit === unit);
  if ((queried !== undefined && !own) || own?.foreign) throw refused();
  return page(web, visit, 'stop', { title, service, unit, tunnel: findTunnel(visit.address) });
}

const publish = (web: Web, visit: Visit): Job =>
  noteJob(web, visit, web.panel.own.publish(pathParams(visit).type, readForm(visit.request.body)));

/** The form again where something in it cannot be announced, or may be of no use and the owner was not warned yet. */
async function publishPage(web: Web, visit: Visit) {
  const form = readForm(visit.request.body);
  try {
    const warning = await publishWarning(web.panel, pathParams(visit).type, form);
    if (warning !== bodyField(visit.request, 'warned')) return typeSection(web, visit, null, form);
    const job = publish(web, visit);
    return await followed(web, visit, job, () => typeSection(web, visit, job, form));
  } catch (error) {
    if (error instanceof FieldError) return typeSection(web, visit, null, form);
    throw error;
  }
}

/** Exactly what neighbours would see; the fields of the form as query. */
export async function preview(web: Web, visit: Visit) {
  return web.panel.own.preview(pathParams(visit).type, readForm(visit.request.query));
}

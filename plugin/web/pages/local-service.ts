/** What is done with this node's own service of a type: by forms and pages, and the same by the API. */

import type { Verb } from '../../model/unit.js';
import { FieldError } from '../../node/announce/form.js';
import { refused } from '../../node/systemd/control.js';
import { tunnelOf } from '../../node/tunnels.js';
import { serviceModel } from '../../present/service.js';
import { accepted } from '../api/index.js';
import { bodyField } from '../auth/index.js';
import type { Web } from '../context.js';
import { page } from '../reply/respond.js';
import { pathOf } from '../request/path.js';
import type { Visit } from '../visit.js';
import { followed } from './actions.js';
import { typeSection } from './index.js';
import { readForm, warningOf } from './local-model.js';

/** Which of the type's units is meant; undefined = the one that stands for it. */
const unitOf = (text: string) => text || undefined;
const askedUnit = ({ request }: Visit) => {
  const { unit } = request.query as { unit?: unknown };
  return unitOf(typeof unit === 'string' ? unit : '');
};

const begin = (web: Web, visit: Visit, verb: Verb) =>
  web.panel.own.act(pathOf(visit).type, verb, unitOf(bodyField(visit.request, 'unit')));

export const act = (verb: Verb) => (web: Web, visit: Visit) =>
  followed(web, visit, begin(web, visit, verb), typeSection);

export const actApi = (verb: Verb) => async (web: Web, visit: Visit) => accepted(web, visit, begin(web, visit, verb));

/** Asks before a unit is stopped that may carry the way by which the person came. */
export async function confirmStop(web: Web, visit: Visit) {
  const view = await web.panel.type(pathOf(visit).type);
  const service = serviceModel(view, visit.words);
  const title = visit.words.t('stop.title', { service: service.title });
  const asked = askedUnit(visit);
  // The page shows a command with it, to be copied: no words that a link brought along.
  if (asked !== undefined && view.local.units.every((own) => own.unit !== asked)) throw refused();
  const unit = asked ?? view.local.unit;
  return page(web, visit, 'stop', { title, service, unit, tunnel: tunnelOf(visit.address) });
}

export async function log(web: Web, visit: Visit) {
  const { type } = pathOf(visit);
  const found = await web.panel.own.log(type, askedUnit(visit));
  const service = serviceModel(await web.panel.type(type), visit.words);
  return page(web, visit, 'log', { title: visit.words.t('log.title', { unit: found.unit }), service, log: found });
}

export async function logApi(web: Web, visit: Visit) {
  return web.panel.own.log(pathOf(visit).type, askedUnit(visit));
}

/** The form again where something in it cannot be announced, or might be of no use and was not told yet. */
export async function publish(web: Web, visit: Visit) {
  const { type } = pathOf(visit);
  const form = readForm(visit.request.body);
  try {
    const warning = await warningOf(web, type, form);
    if (warning !== bodyField(visit.request, 'warned')) return typeSection(web, visit, null, form);
    const job = web.panel.own.publish(type, form);
    return await followed(web, visit, job, () => typeSection(web, visit, job, form));
  } catch (error) {
    if (error instanceof FieldError) return typeSection(web, visit, null, form);
    throw error;
  }
}

const end = (web: Web, visit: Visit) =>
  web.panel.own.unpublish(pathOf(visit).type, bodyField(visit.request, 'port') || undefined);

export function unpublish(web: Web, visit: Visit) {
  return followed(web, visit, end(web, visit), typeSection);
}

export async function publishApi(web: Web, visit: Visit) {
  return accepted(web, visit, web.panel.own.publish(pathOf(visit).type, readForm(visit.request.body)));
}

export async function unpublishApi(web: Web, visit: Visit) {
  return accepted(web, visit, end(web, visit));
}

/** Exactly what neighbours would see; the fields of the form as query. */
export async function previewApi(web: Web, visit: Visit) {
  return web.panel.own.preview(pathOf(visit).type, readForm(visit.request.query));
}

export async function viewApi(web: Web, visit: Visit) {
  return web.panel.own.view(pathOf(visit).type);
}

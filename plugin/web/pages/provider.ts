/** The page of one provider: its score in parts, its history, how to use it, and what the owner thinks of it. */
import type { Job } from '../../model/job.js';
import type { ProviderView } from '../../panel/contract.js';
import { looksAround } from '../../present/background.js';
import { declaredText, heardModel } from '../../present/community/heard.js';
import { compareModel } from '../../present/list/compare.js';
import { SPANS, type Span } from '../../present/pictures/axis.js';
import { historyModel } from '../../present/pictures/history.js';
import { opinionModel, providerModel } from '../../present/provider.js';
import { queryChoice } from '../../present/query.js';
import { EVERYTHING } from '../../present/search.js';
import { wayModel } from '../../present/service/way.js';
import { alarm, serviceModel, typeTitle } from '../../present/service.js';
import { useModel } from '../../present/use/index.js';
import { answers, fields, limitedText, oneOf, startsJob } from '../api/operation.js';
import type { Web } from '../context.js';
import { doneText, order, pulse } from '../reply/job.js';
import { qrCodes } from '../reply/qr.js';
import { type Pulse, redirect, section } from '../reply/respond.js';
import { MAX_PASSWORD_LENGTH, MAX_USER_LENGTH, readAccount } from '../request/account.js';
import { jobFor, providerFor } from '../request/as-reader.js';
import { noteAction } from '../request/note.js';
import { NOTE_LENGTH, readOpinion, TEXT_LENGTH } from '../request/opinion.js';
import { pathParams, requestedJob } from '../request/path.js';
import { providerVersion } from '../request/version.js';
import { type Route, twins } from '../route.js';
import type { Visit } from '../visit.js';
import { fileModels, follows, shareModel } from './files.js';

const account = fields({
  account: fields({ user: limitedText(MAX_USER_LENGTH), password: limitedText(MAX_PASSWORD_LENGTH) }, [
    'user',
    'password',
  ]),
});
const flag = oneOf(true, false, 'yes', '');
const shortText = limitedText(TEXT_LENGTH);
const opinion = fields({
  ...{ pinned: flag, hidden: flag, reserve: flag, known: oneOf('yes', 'no', '') },
  ...{ stars: oneOf(1, 2, 3, 4, 5, '1', '2', '3', '4', '5', '', null), note: limitedText(NOTE_LENGTH) },
  ...{ runBy: shortText, language: shortText, help: shortText },
});

export const routes: readonly Route[] = [
  ...twins('GET', '/services/:type/providers/:id', 'reader', {
    operation: answers('One provider: its score in parts, why, and how to use it', 'Provider'),
    version: providerVersion,
    load,
    page: (web, visit, loaded) => show(web, visit, loaded, requestedJob(web, visit)),
    json: providerAnswer,
  }),
  ...order('/services/:type/providers/:id/scan', {
    operation: startsJob('Measures one provider', 'it was tried, and has a new score.', account),
    begin: (web, visit) => {
      const { type, id } = pathParams(visit);
      return web.panel.scan(type, id, { account: readAccount(web, visit) });
    },
    show: providerSection,
  }),
  ...order('/services/:type/providers/:id/connect', {
    operation: startsJob('Tells a program of this node to use it', 'the program uses it.'),
    begin: (web, visit) => {
      const { type, id } = pathParams(visit);
      return web.panel.connect(type, id);
    },
    show: providerSection,
  }),
  ...twins('POST', '/services/:type/providers/:id/opinion', 'owner', {
    operation: { ...answers('Saves what the owner thinks of it', 'Opinion'), body: opinion },
    load: saveOpinion,
    page: (web, visit) => {
      if (visit.fragment) return providerSection(web, visit, null, { saved: true });
      const { type, id } = pathParams(visit);
      return redirect(visit, `${web.url('services', type, 'providers', id)}?saved=yes#cs-saved`);
    },
  }),
];

type Loaded = Awaited<ReturnType<typeof load>>;

/** The provider as this visitor may see it. */
async function load(web: Web, visit: Visit) {
  const { type, id } = pathParams(visit);
  const found = providerFor(visit, await web.panel.provider(type, id));
  const own = await ownConfiguration(found, visit);
  const model = {
    ...providerModel(found, visit.words, web.now(), visit.role === 'owner', own),
    route: wayModel(web.panel, found.ranked, visit.words),
    heard: heardModel(web.panel, found.ranked, visit.words, web.now()),
    /** What its node says of itself. */
    nodeSays: declaredText(web.panel.community.declared(found.ranked.provider.node), visit.words),
    files: fileModels(web, found.view.type, type, visit),
    follows: follows(found.view),
  };
  return { found, model };
}

export function providerAnswer(_: Visit, { model }: Loaded) {
  return model;
}

/** The provider's page or its changing part, following the given job, else a running one that covers the provider. */
async function providerSection(web: Web, visit: Visit, job: Job | null, more: object = {}) {
  return show(web, visit, await load(web, visit), job, more);
}

async function show(web: Web, visit: Visit, { found, model }: Loaded, followed: Job | null, more: object = {}) {
  const { words, role, request } = visit;
  const { view, ranked } = found;
  const { type: typeId, id } = pathParams(visit);
  const covers = (running: Job) =>
    running.type === typeId &&
    (running.kind === 'scan' || running.kind === 'connect') &&
    (running.provider ?? id) === id;
  const job = followed ? jobFor(web, visit, followed) : (visit.jobs.find(covers) ?? null);
  const address = web.url('services', typeId, 'providers', id);
  const share = shareModel(web, visit, web.url('services', typeId, 'providers', id));
  const span = queryChoice(request.query, 'span', Object.keys(SPANS) as Span[]);
  const service = serviceModel(view, words);
  return section(web, visit, 'provider', withSpan(pulse(address, EVERYTHING, job), span), {
    saved: 'saved' in (request.query as object),
    looks: looksAround(web.panel, view.ranked),
    ...more,
    /** Of the forms, so that their answer shows the same span. */
    query: span ? `?span=${span}` : '',
    history: historyModel(web.panel.store, { type: typeId, id }, words, web.now(), span),
    opinion: role === 'owner' ? opinionModel(web.panel.store.opinions.get(typeId, id)) : null,
    title: `${ranked.provider.node} · ${typeTitle(view.type, typeId, words)}`,
    service,
    alarm: alarm([service]),
    provider: model,
    figures: compareModel([ranked], view.type, words).measures,
    ...{ use: useModel(model.use, request.query), share },
    codes: qrCodes(
      [...model.use.flatMap((step) => (step.kind === 'qr' ? [step.text] : [])), share.address ?? []].flat(),
    ),
    bytes: model.scan.bytes,
    scannable: ranked.provider.barred === null,
    job,
    done: doneText(job, view.type, visit),
  });
}

/** The page goes on with the span that was chosen. */
function withSpan({ follow, watch }: Pulse, span: Span | null): Pulse {
  const add = (path: string | null) => path && span && `${path}${path.includes('?') ? '&' : '?'}span=${span}`;
  return { follow: add(follow) ?? follow, watch: add(watch) ?? watch };
}

/** What this node's own configuration says of the provider: only for its owner. */
async function ownConfiguration({ view, ranked }: ProviderView, { role }: Visit) {
  return role === 'owner' ? view.type.introduce?.(ranked.provider) : undefined;
}

/** So few stars say that it was bad when it was used. */
const BAD_STARS = 2;

/** Stars are a new rating only when they have changed: saving a note is not one. */
export async function saveOpinion(web: Web, visit: Visit) {
  const { type, id } = pathParams(visit);
  await web.panel.provider(type, id);
  const { opinions } = web.panel.store;
  const { stars, other } = readOpinion(visit);
  opinions.put(type, id, other);
  if (stars === null) opinions.unrate(type, id);
  else if (stars !== undefined && stars !== opinions.get(type, id).stars[0]?.stars) {
    opinions.rate(type, id, stars);
    // Whoever found it bad knows more than the last probe.
    if (stars <= BAD_STARS) web.panel.changed(type, id, 'bad');
  }
  noteAction(web, visit, 'opinion', { type, provider: id });
  return { opinion: opinionModel(opinions.get(type, id)) };
}

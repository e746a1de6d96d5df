/** The page on which two to four providers of a type stand side by side; which ones is in its address. */
import { DAY_MS, dayOf } from '../../../lib/time.js';
import { compareModel, MAX_COMPARED } from '../../../present/list/compare.js';
import { OVERLAY, overlays } from '../../../present/list/overlay.js';
import { badQuery } from '../../../present/query.js';
import { providerName } from '../../../present/row.js';
import { typeTitle } from '../../../present/service.js';
import { answers } from '../../api/operation.js';
import type { Web } from '../../context.js';
import { section } from '../../reply/respond.js';
import { typeFor } from '../../request/as-reader.js';
import { pathParams } from '../../request/path.js';
import { typeVersion } from '../../request/version.js';
import { type Route, twins } from '../../route.js';
import type { Visit } from '../../visit.js';

export const routes: readonly Route[] = twins('GET', '/services/:type/compare', 'reader', {
  operation: answers('Two to four providers side by side', 'Comparison', {
    p: 'Id of a provider; once for each.',
  }),
  version: typeVersion,
  load,
  page: show,
  json: comparison,
});

/** How far back the drawings look, days. */
const SPAN_DAYS = 30;

type Loaded = Awaited<ReturnType<typeof load>>;

async function load(web: Web, visit: Visit) {
  const view = typeFor(visit, await web.panel.type(pathParams(visit).type));
  const ids = requestedIds(visit.request.query);
  const compared = ids.flatMap((id) => view.ranked.find(({ provider }) => provider.id === id) ?? []);
  const shown = compared.slice(0, MAX_COMPARED);
  return { view, ids, shown, left: compared.length - shown.length, model: compareModel(shown, view.type, visit.words) };
}

export function comparison(_: Visit, { model, view }: Loaded) {
  return { type: view.typeId, ...model };
}

/** The page of a list sends a row's box for each that was ticked; more than the list has rows makes no sense. */
const MAX_IDS = 1_000;

/** @throws PanelError bad-query */
function requestedIds(query: unknown): readonly string[] {
  const sent = [(query as { readonly p?: unknown } | null)?.p ?? []].flat();
  const ids = sent.filter((id): id is string => typeof id === 'string' && /^[0-9a-f]{12,64}$/.test(id));
  if (ids.length < sent.length || ids.length > MAX_IDS) throw badQuery('p', 'the id of a provider');
  return [...new Set(ids)];
}

async function show(web: Web, visit: Visit, { view, ids, shown, left, model }: Loaded) {
  const { words } = visit;
  const { typeId, type } = view;
  const address = web.url('services', typeId, 'compare');
  const link = (chosen: readonly string[]) => `${address}?${chosen.map((id) => `p=${id}`).join('&')}`;
  const until = dayOf(web.now()) * DAY_MS;
  const since = until - SPAN_DAYS * DAY_MS;
  const chosen = shown.map(({ provider }) => provider.id);
  const series = shown.map(({ provider }) => ({
    name: providerName(provider),
    days: web.panel.store.history.days(typeId, provider.id, since),
  }));
  return section(
    web,
    visit,
    'compare',
    { follow: null, watch: ids.length > 0 ? link(ids) : address },
    {
      title: words.t('compare.title', { service: typeTitle(type, typeId, words) }),
      service: typeTitle(type, typeId, words),
      typeId,
      ...model,
      left,
      gone: ids.length - left - shown.length,
      /** Leads to the same comparison without that one; null where only two are left. */
      without: (id: string) => (chosen.length > 2 ? link(chosen.filter((other) => other !== id)) : null),
      charts: overlays(series, since, until, words),
      drawing: OVERLAY,
      from: words.day(since),
      days: SPAN_DAYS,
    },
  );
}

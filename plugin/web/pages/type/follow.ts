/** What follows the ranking by itself: files for programs, and an address that always leads to the best provider. */
import { PanelError } from '../../../model/errors.js';
import { isoOrNull, roundOrNull } from '../../../present/figures.js';
import { rowsWorthUsing, worthUsing } from '../../../present/provider.js';
import { providerName } from '../../../present/row.js';
import { serviceModel, typeTitle } from '../../../present/service.js';
import type { ServiceType, Usable } from '../../../services/contract.js';
import { answers } from '../../api/operation.js';
import type { Web } from '../../context.js';
import { qrCodes } from '../../reply/qr.js';
import { page } from '../../reply/respond.js';
import { pathParams } from '../../request/path.js';
import { get, type Route, twins } from '../../route.js';
import type { Visit } from '../../visit.js';
import { fileModels, localAdvice, noneWorks, panelAddress, webLink } from '../files.js';

export const routes: readonly Route[] = [
  ...twins('GET', '/services/:type/follow', 'reader', {
    operation: answers('What follows the ranking by itself, and whom it names now', 'Followed'),
    load: followed,
    page: show,
  }),
  get('/go/:type', 'reader', go),
];

/** Providers that the page names; the files have no more. */
const NAMED = 5;

/** Whether the type's providers are opened in a browser. */
const isWeb = (type: ServiceType, best: readonly Usable[]) => best.some((provider) => webLink(type, provider) !== null);

export async function followed(web: Web, visit: Visit) {
  const { type: typeId } = pathParams(visit);
  const view = await web.panel.type(typeId);
  const rows = rowsWorthUsing(view);
  const root = panelAddress(web, visit);
  const url = web.url('go', typeId);
  const address = root === null ? null : root + url.slice(web.base.length);
  const since = web.panel.store.recommendations.since(typeId);
  return {
    type: typeId,
    title: typeTitle(view.type, typeId, visit.words),
    /** Leads to the best provider that works; null where the type is not used in a browser. */
    go: isWeb(view.type, worthUsing(view)) ? { url, address } : null,
    files: fileModels(web, view.type, typeId, visit),
    /** In the order in which the files name them. */
    providers: rows.slice(0, NAMED).map(({ provider, score, measuredAt }) => ({
      ...{
        id: provider.id,
        name: providerName(provider),
        score: roundOrNull(score),
        measuredAt: isoOrNull(measuredAt),
      },
    })),
    /** Since when the first of them is the recommended one; null where another was pinned, or where that is not known. */
    since: rows[0]?.recommended ? isoOrNull(since) : null,
  };
}

async function show(web: Web, visit: Visit, model: Awaited<ReturnType<typeof followed>>) {
  const { words } = visit;
  const view = await web.panel.type(model.type);
  const service = serviceModel(view, words);
  const addresses = [model.go?.address ?? []].flat();
  const title = words.t('follow.title.of', { service: service.title });
  return page(web, visit, 'follow', {
    title,
    service,
    follow: model,
    local: localAdvice(web, panelAddress(web, visit)),
    port: String(web.panel.config.listen?.port ?? ''),
    codes: qrCodes(addresses),
  });
}

/** @throws PanelError unknown-type; no-link, none-works */
async function go(web: Web, visit: Visit) {
  const view = await web.panel.type(pathParams(visit).type);
  const best = worthUsing(view);
  const [first] = best.flatMap((provider) => webLink(view.type, provider) ?? []);
  if (first !== undefined) return visit.reply.header('cache-control', 'no-store').redirect(first, 302);
  if (best.length === 0) throw noneWorks();
  throw new PanelError('no-link', 'This service does not open in a browser.', 'Its page says how to use it.');
}

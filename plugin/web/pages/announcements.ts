/** The page of announcements: each one that a source has read. */
import { providerIdOf } from '../../discovery/merge.js';
import type { Announcement } from '../../model/provider.js';
import { PAGES, queryInteger, queryText } from '../../present/query.js';
import type { Web } from '../context.js';
import { page } from '../reply/respond.js';
import { sourceIn } from '../request/source.js';
import { sourcesVersion } from '../request/version.js';
import { get, type Route } from '../route.js';
import type { Visit } from '../visit.js';

export const routes: readonly Route[] = [get('/help/heard', 'reader', announcements, sourcesVersion)];

const ROWS_PER_PAGE = 100;

/** Filtered by `?source=` and `?node=`. */
async function announcements(web: Web, visit: Visit) {
  const { query } = visit.request;
  const [source, node] = [sourceIn(web, query), queryText(query, 'node')];
  const read = source === null ? [] : web.panel.discovery.announcements(source);
  const matching = read.filter((announcement) => node === '' || announcement.node === node);
  const pages = Math.max(1, Math.ceil(matching.length / ROWS_PER_PAGE));
  const current = Math.min(queryInteger(query, 'page', PAGES) ?? 1, pages);
  const start = (current - 1) * ROWS_PER_PAGE;
  const link = (number: number) =>
    `${web.url('help', 'heard')}?${new URLSearchParams({ source: source ?? '', node, page: String(number) })}`;
  return page(web, visit, 'announcements', {
    ...{ title: visit.words.t('page.heard'), source, total: matching.length },
    rows: matching.slice(start, start + ROWS_PER_PAGE).map((announcement) => rowModel(web, announcement)),
    first: start + 1,
    last: Math.min(start + ROWS_PER_PAGE, matching.length),
    previous: current > 1 ? link(current - 1) : null,
    next: current < pages ? link(current + 1) : null,
  });
}

/** Two announcements of the same service are one provider, and lead to the same page. */
function rowModel(web: Web, announcement: Announcement) {
  const { node, type, address, port, description } = announcement;
  const id = providerIdOf(announcement);
  const isListed = web.panel.discovery.find(id) !== null;
  return { node, type, address, port, description, url: isListed ? web.url('services', type, 'providers', id) : null };
}

/** The search over everything, from the head of every page. */
import { searchEverywhere } from '../../../present/everywhere/search.js';
import { queryText } from '../../../present/query.js';
import { answers } from '../../api/operation.js';
import type { Web } from '../../context.js';
import { page } from '../../reply/respond.js';
import { typeFor } from '../../request/as-reader.js';
import { type Route, twins } from '../../route.js';
import type { Visit } from '../../visit.js';

export const routes: readonly Route[] = twins('GET', '/search', 'reader', {
  operation: answers('Types, nodes, providers and addresses that match', 'Found', {
    q: 'Words that must all match, without case and accents.',
  }),
  load,
  page: (web, visit, found) => page(web, visit, 'search', { title: visit.words.t('page.search'), ...found }),
});

export async function load(web: Web, visit: Visit) {
  const q = queryText(visit.request.query, 'q');
  const { services } = await web.panel.overview();
  const visible = services.map((summary) => typeFor(visit, summary));
  return { q, ...searchEverywhere(visible, q, visit.words) };
}

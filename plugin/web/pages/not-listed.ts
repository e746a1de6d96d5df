/** The page that tells why something is not listed. */
import { lazy } from '../../lib/lazy.js';
import type { Question, Step } from '../../present/diagnosis.js';
import { queryText } from '../../present/query.js';
import { providerName } from '../../present/row.js';
import { answers } from '../api/operation.js';
import type { Web } from '../context.js';
import { page } from '../reply/respond.js';
import { type Route, twins } from '../route.js';
import type { Visit } from '../visit.js';

export const routes: readonly Route[] = twins('GET', '/help/not-listed', 'reader', {
  operation: answers('Why is something not listed? Each link of the chain, as it is now', 'NotListed', {
    node: 'Name, host or address; empty = this node.',
    type: 'Wire word of the service; empty = any.',
  }),
  load,
  page: (web, visit, notListed) => {
    const title = visit.words.t('page.not-listed');
    return page(web, visit, 'not-listed', { title, ...notListed, types: web.panel.services.types });
  },
});

export interface NotListed extends Question {
  readonly steps: readonly Step[];
  /** What is listed all the same, perhaps through another source. */
  readonly listed: readonly {
    readonly id: string;
    readonly type: string;
    readonly name: string;
    readonly sources: readonly string[];
  }[];
}

/** The page names so many at most. */
const MAX_LISTED = 10;

const diagnosis = lazy(() => import('../../present/diagnosis.js'));

async function load(web: Web, { request, words }: Visit): Promise<NotListed> {
  const question = { node: queryText(request.query, 'node'), type: queryText(request.query, 'type') };
  const { diagnose } = await diagnosis();
  return { ...question, steps: await diagnose(web.panel, words, question), listed: listed(web, question) };
}

function listed({ panel }: Web, { node, type }: Question): NotListed['listed'] {
  if (node === '' && type === '') return [];
  const name = node.toLowerCase();
  return panel.discovery
    .providers(type === '' ? undefined : type)
    .filter((provider) =>
      node === ''
        ? provider.self
        : [provider.node, provider.host, provider.address].some((text) => text.toLowerCase() === name),
    )
    .slice(0, MAX_LISTED)
    .map((provider) => ({
      ...{ id: provider.id, type: provider.type },
      ...{ name: providerName(provider), sources: provider.sources },
    }));
}

/** The page that tells why something is not listed. */
import { lazy } from '../../lib/lazy.js';
import type { Question, Step } from '../../present/diagnosis.js';
import { queryText } from '../../present/query.js';
import { providerName } from '../../present/row.js';
import { fold } from '../../present/search.js';
import { answers } from '../api/operation.js';
import type { Web } from '../context.js';
import { page } from '../reply/respond.js';
import { type Route, twins } from '../route.js';
import type { Visit } from '../visit.js';

export const routes: readonly Route[] = twins('GET', '/help/not-listed', 'reader', {
  operation: answers('Why is something not listed? Each link of the chain, as it is now', 'NotListed', {
    node: 'Name, host or address; empty = this node.',
    type: 'Wire word of the service, or its title; empty = any.',
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
  const question = { node: queryText(request.query, 'node'), type: toTypeId(web, queryText(request.query, 'type')) };
  const { diagnose } = await diagnosis();
  return { ...question, steps: await diagnose(web.panel, words, question), listed: listed(web, question) };
}

/** The id of the type that is meant by its id in another case, another of its words, or its title in any language. */
function toTypeId({ panel: { services, discovery } }: Web, asked: string): string {
  const canonical = services.canonical(asked);
  const words = discovery.words();
  if (asked === '' || services.has(canonical) || words.includes(canonical)) return canonical;
  const wanted = fold(asked.trim());
  const isMeant = (typeId: string) => {
    const { id, title } = services.of(typeId);
    return [typeId, ...(id === typeId ? Object.values(title) : [])].some((name) => fold(name) === wanted);
  };
  return [...services.types.map(({ id }) => id), ...words].find(isMeant) ?? canonical;
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

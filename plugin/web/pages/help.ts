/** Help: how the list comes about, and why something is not in it. */
import { type Asked, chainOf, type Step } from '../../present/diagnosis.js';
import { textOf } from '../../present/query.js';
import { nameOf } from '../../present/row.js';
import type { Web } from '../context.js';
import { page } from '../reply/respond.js';
import type { Visit } from '../visit.js';

export interface NotListed extends Asked {
  readonly steps: readonly Step[];
  /** What is listed all the same, perhaps through another source. */
  readonly listed: readonly {
    readonly id: string;
    readonly type: string;
    readonly name: string;
    readonly sources: readonly string[];
  }[];
}

/** So many lines are named. */
const MOST_LISTED = 10;

export async function help(web: Web, visit: Visit) {
  return page(web, visit, 'help', { title: visit.words.t('page.help') });
}

export async function notListed(web: Web, visit: Visit) {
  const title = visit.words.t('page.not-listed');
  return page(web, visit, 'not-listed', { title, ...(await walked(web, visit)), types: web.panel.services.types });
}

export async function notListedApi(web: Web, visit: Visit) {
  return walked(web, visit);
}

async function walked(web: Web, { request, words }: Visit): Promise<NotListed> {
  const about = { node: textOf(request.query, 'node'), type: textOf(request.query, 'type') };
  return { ...about, steps: await chainOf(web.panel, words, about), listed: listed(web, about) };
}

function listed({ panel }: Web, { node, type }: Asked): NotListed['listed'] {
  if (node === '' && type === '') return [];
  const wanted = node.toLowerCase();
  return panel.discovery
    .providers(type === '' ? undefined : type)
    .filter((one) =>
      node === '' ? one.self : [one.node, one.host, one.address].some((of) => of.toLowerCase() === wanted),
    )
    .slice(0, MOST_LISTED)
    .map((one) => ({ id: one.id, type: one.type, name: nameOf(one), sources: one.sources }));
}

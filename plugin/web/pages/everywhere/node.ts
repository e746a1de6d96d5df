/** The page of one node: all that it offers. */
import { PanelError } from '../../../model/errors.js';
import { nodeModel } from '../../../present/everywhere/node.js';
import { answers } from '../../api/operation.js';
import type { Web } from '../../context.js';
import { page } from '../../reply/respond.js';
import { typeFor } from '../../request/as-reader.js';
import { type Route, twins } from '../../route.js';
import type { Visit } from '../../visit.js';

export const routes: readonly Route[] = twins('GET', '/nodes/:name', 'reader', {
  operation: answers('One node: all that it offers', 'NodeOffers'),
  load,
  page: (web, visit, node) => page(web, visit, 'node', { title: node.node, node }),
});

/** @throws PanelError unknown-node */
export async function load(web: Web, visit: Visit) {
  const { name } = visit.request.params as { readonly name: string };
  const { services } = await web.panel.overview();
  const visible = services.map((summary) => typeFor(visit, summary));
  const node = nodeModel(visible, name, visit.words);
  if (node === null) throw new PanelError('unknown-node', 'No such node announces anything.', 'Search for it.');
  return node;
}

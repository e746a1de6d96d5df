/** The page of one node: all that it offers. */
import { PanelError } from '../../../model/errors.js';
import { readLayer } from '../../../node/layer.js';
import { nodeModel } from '../../../present/everywhere/node.js';
import { machineModel } from '../../../present/machine.js';
import { queryText } from '../../../present/query.js';
import { answers, type Operation } from '../../api/operation.js';
import type { Web } from '../../context.js';
import { page } from '../../reply/respond.js';
import { typeFor } from '../../request/as-reader.js';
import { type Route, twins } from '../../route.js';
import type { Visit } from '../../visit.js';

/** @param query what the address asks for besides its path */
const routesAt = (path: string, query: Operation['query'] = {}): readonly Route[] =>
  twins('GET', path, 'reader', {
    operation: answers('One node: all that it offers', 'NodeOffers', query),
    load,
    page: async (web, visit, node) => {
      const machine = node.self ? machineModel(await readLayer(), visit.words) : null;
      return page(web, visit, 'node', { title: node.node, node, machine });
    },
  });

export const routes: readonly Route[] = [
  ...routesAt('/nodes/:name'),
  // An application that shows the panel may take no long names in a path: Fastify stops at 100 characters.
  ...routesAt('/nodes', { name: 'For a name that is too long for a path.' }),
];

/** @throws PanelError unknown-node, bad-query */
export async function load(web: Web, visit: Visit) {
  const { request } = visit;
  const { name = queryText(request.query, 'name') } = request.params as { readonly name?: string };
  const { services } = await web.panel.overview();
  const visible = services.map((summary) => typeFor(visit, summary));
  const node = nodeModel(visible, name, visit.words);
  if (node === null) throw new PanelError('unknown-node', 'No such node announces anything.', 'Search for it.');
  return node;
}

/** Addresses from before ids had 32 digits: bookmarks, other programs' links, pages that were open during the update. */

import type { Web } from '../context.js';
import { redirect } from '../reply/respond.js';
import type { Visit } from '../visit.js';

const PAGE = '/services/:type/providers/:id';
const OLD_ID = /^[0-9a-f]{12}$/;

/**
 * Puts the present id into the path's parameters where one listed provider alone can be meant. The page itself moves, so
 * that bookmarks are renewed; all else is answered at the old address, as few programs follow to another.
 * @param path the route's
 * @returns the answer that sends a browser to the page's present address; null where the route's handler is to answer
 */
export function followOldId(web: Web, visit: Visit, path: string) {
  const params = visit.request.params as { readonly type?: string; id?: string };
  const { type = '', id = '' } = params;
  if (!path.includes(PAGE) || !OLD_ID.test(id)) return null;
  const [found, ...others] = web.panel.discovery.providers(type).filter((provider) => provider.id.startsWith(id));
  if (found === undefined || others.length > 0) return null;
  params.id = found.id;
  if (path !== PAGE || !['GET', 'HEAD'].includes(visit.request.method)) return null;
  const [, query = ''] = /(\?.*)/s.exec(visit.request.url) ?? [];
  return redirect(visit, web.url('services', type, 'providers', found.id) + query);
}

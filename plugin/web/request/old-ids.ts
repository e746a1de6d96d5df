/** Addresses from before ids had 32 digits: bookmarks, links of other programs, pages that stayed open during the upgrade. */

import type { Web } from '../context.js';
import { redirect } from '../reply/respond.js';
import type { Visit } from '../visit.js';

const PAGE = '/services/:type/providers/:id';
const OLD_ID = /^[0-9a-f]{12}$/;

/**
 * Puts the present id into the path's parameters where exactly one listed provider matches. A page is redirected, so that
 * bookmarks are renewed; everything else is answered at the old address, since few programs follow a redirect.
 * @param path of the route
 * @returns the redirect; null where the route's handler is to answer
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

/** Files for programs, which a service type writes from the providers worth using. */
import { joinHostPort } from '../../lib/address.js';
import { PanelError } from '../../model/errors.js';
import { worthUsing } from '../../present/provider.js';
import type { ServiceType } from '../../services/contract.js';
import type { Web } from '../context.js';
import { get, type Route } from '../route.js';
import type { Visit } from '../visit.js';

export const routes: readonly Route[] = [get('/services/:type/files/:name', 'reader', file)];

/** A browser asks for its proxy configuration again and again; the ranking changes slowly. Seconds. */
const FRESH_S = 60;

/** What pages and API say of a type's files. */
export function fileModels(web: Web, { files = [] }: ServiceType, typeId: string, visit: Visit) {
  const root = panelAddress(web, visit);
  return files.map(({ name, label, hint }) => {
    const url = web.url('services', typeId, 'files', name);
    /** `address` is absolute, to be copied into other programs; null where no program could read it. */
    return {
      ...{ name, label: label[visit.words.language], hint: hint?.[visit.words.language] ?? null, url },
      address: root === null ? null : root + url.slice(web.base.length),
    };
  });
}

/**
 * Where programs reach the panel: at the address that the visitor's browser uses. Inside another application, where no
 * program can log in, it is the panel's own address; null where it has none.
 */
function panelAddress({ base, embedded, panel }: Web, { request }: Visit): string | null {
  if (!embedded) return `${request.protocol}://${request.host}${base}`;
  const { listen, basePath } = panel.config;
  if (listen === null) return null;
  const host = ['0.0.0.0', '::'].includes(listen.host) ? request.hostname : listen.host;
  return `http://${joinHostPort(host, listen.port)}${basePath}`;
}

/** @throws PanelError unknown-type; not-found for a name that the type does not write */
async function file(web: Web, { request, reply }: Visit) {
  const { type, name } = request.params as { readonly type: string; readonly name: string };
  const view = await web.panel.type(type);
  const found = view.type.files?.find((written) => written.name === name);
  if (!found) throw new PanelError('not-found', 'This service has no such file.', 'Take the address from its page.');
  reply.header('cache-control', `max-age=${FRESH_S}`).type(found.mediaType);
  return found.write(worthUsing(view));
}

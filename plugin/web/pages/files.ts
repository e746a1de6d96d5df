/** Files for programs, written by a service type from the providers worth using. */
import { joinHostPort } from '../../lib/address.js';
import { PanelError } from '../../model/errors.js';
import { worthUsing } from '../../present/provider.js';
import type { ServiceType } from '../../services/contract.js';
import type { Web } from '../context.js';
import type { Visit } from '../visit.js';

/** A browser asks for its proxy configuration again and again; the ranking changes slowly. Seconds. */
const FRESH_S = 60;

/** What pages and API say of a type's files. */
export function fileModels(web: Web, { files = [] }: ServiceType, word: string, visit: Visit) {
  const root = rootFor(web, visit);
  return files.map(({ name, label, hint }) => {
    const url = web.url('services', word, 'files', name);
    /** `address` is whole, to be copied into other programs; null where none could read it. */
    return {
      ...{ name, label: label[visit.words.language], hint: hint?.[visit.words.language] ?? null, url },
      address: root === null ? null : root + url.slice(web.base.length),
    };
  });
}

/**
 * Where programs reach the panel: as the visitor's browser does; but no program can log in to another application that
 * shows it, and there it is the panel's own address. null where it has none.
 */
function rootFor({ base, embedded, panel }: Web, { request }: Visit): string | null {
  if (!embedded) return `${request.protocol}://${request.host}${base}`;
  const { listen, basePath } = panel.config;
  if (listen === null) return null;
  const host = ['0.0.0.0', '::'].includes(listen.host) ? request.hostname : listen.host;
  return `http://${joinHostPort(host, listen.port)}${basePath}`;
}

/** @throws PanelError unknown-type; not-found for a name that the type does not write */
export async function file(web: Web, { request, reply }: Visit) {
  const { type: word, name } = request.params as { readonly type: string; readonly name: string };
  const view = await web.panel.type(word);
  const found = view.type.files?.find((one) => one.name === name);
  if (!found) throw new PanelError('not-found', 'This service has no such file.', 'Take the address from its page.');
  reply.header('cache-control', `max-age=${FRESH_S}`).type(found.mediaType);
  return found.write(worthUsing(view));
}

/** Files for programs, written by a service type from the providers worth using. */
import { PanelError } from '../errors.js';
import type { ServiceType } from '../services/index.js';
import { worthUsing } from './model.js';
import type { Visit, Web } from './visit.js';

/** A browser asks for its proxy configuration again and again; the ranking changes slowly. Seconds. */
const FRESH_S = 60;

/** What pages and API say of a type's files. */
export function fileModels(web: Web, { files = [] }: ServiceType, word: string, { words }: Visit) {
  return files.map(({ name, label }) => ({
    name,
    label: label[words.language],
    url: web.url('services', word, 'files', name),
  }));
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

/** Tokens for programs, on the page of settings: made, shown once, revoked. */
import { cleanText } from '../../lib/text.js';
import { PanelError } from '../../model/errors.js';
import { bodyField } from '../auth/index.js';
import { MAX_TOKENS, TOKEN_NAME_LENGTH, TOKEN_ROLES } from '../auth/tokens.js';
import type { Web } from '../context.js';
import { page, redirect } from '../reply/respond.js';
import { noteAction } from '../request/note.js';
import { pathParams } from '../request/path.js';
import { get, post, type Route } from '../route.js';
import type { Visit } from '../visit.js';

export const routes: readonly Route[] = [
  // Where the page of a new token is loaded again by its address.
  get('/settings/tokens', 'owner', (web, visit) => redirect(visit, listAddress(web))),
  post('/settings/tokens', 'owner', make),
  post('/settings/tokens/:id/revoke', 'owner', revoke),
];

const listAddress = (web: Web) => `${web.url('settings')}#tokens`;

/** For the owner's part of the page of settings; null where programs log in elsewhere. */
export function tokensModel(web: Web, { role }: Visit) {
  if (role !== 'owner' || !(web.auth.ownLogin || web.embedded)) return null;
  const list = web.auth.tokens.list();
  return { list, isFull: list.length >= MAX_TOKENS, nameLength: TOKEN_NAME_LENGTH, roles: TOKEN_ROLES };
}

/** @throws PanelError bad-request */
function make(web: Web, visit: Visit) {
  const typed = bodyField(visit.request, 'name');
  const name = cleanText(typed, TOKEN_NAME_LENGTH) || visit.words.t('tokens.unnamed');
  const role = TOKEN_ROLES.find((one) => one === (bodyField(visit.request, 'role') || 'reader'));
  if (role === undefined)
    throw new PanelError('bad-request', 'There is no such role.', `Choose one of ${TOKEN_ROLES.join(', ')}.`);
  const value = web.auth.tokens.make(name, role);
  noteAction(web, visit, 'token-made');
  const title = visit.words.t('page.token');
  return page(web, visit, 'token', { title, name, role, value, api: `${programAddress(web, visit)}api/v1` });
}

function revoke(web: Web, visit: Visit) {
  if (web.auth.tokens.revoke(pathParams(visit).id)) noteAction(web, visit, 'token-revoked');
  return redirect(visit, listAddress(web));
}

/**
 * Where programs reach the panel, with its last slash: as the visitor's browser does; inside Cloudy's page, which has a login
 * of its own, at the panel's own port.
 */
export function programAddress({ embedded, base, panel: { config } }: Web, { request }: Visit): string {
  const { listen } = config;
  if (!embedded || listen === null) return `${request.protocol}://${request.host}${base}`;
  const host = ['0.0.0.0', '::'].includes(listen.host) ? '127.0.0.1' : listen.host;
  return `http://${host.includes(':') ? `[${host}]` : host}:${listen.port}${config.basePath}`;
}

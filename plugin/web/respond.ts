/** One function per outcome of a request: a page, a part of a page, JSON, a redirect, an error. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyReply } from 'fastify';
import { LANGUAGES } from '../config.js';
import { asPanelError, ERROR_CODES, PanelError } from '../errors.js';
import { TooManyTries } from './auth.js';
import { CLOUDY_SEARCH } from './bridge.js';
import { nameOf, sourceModel } from './model.js';
import type { Visit, Web } from './visit.js';

/** The parts of pages that htmx replaces: `partials/<name>` is the element with that id. */
export type Section = 'type' | 'provider' | 'job';

const gzipped = promisify(gzip);
/** Below one packet, compressing gains nothing. */
const WORTH_GZIP = 1400;

/** A whole page. */
export function page(web: Web, visit: Visit, name: string, data: object, status = 200): Promise<FastifyReply> {
  const layout = web.embedded ? 'embedded' : 'layout';
  return html(visit, web.views.render(layout, { ...common(web, visit), ...data, page: `@${name}` }), status);
}

/** The page, or only its changing part where htmx asks for that. The same template draws both. */
export function section(web: Web, visit: Visit, name: Section, data: object): Promise<FastifyReply> {
  if (!visit.fragment) return page(web, visit, name, data);
  return html(visit, web.views.render(`partials/${name}`, { ...common(web, visit), ...data }), 200);
}

/** Back to a path of this site after a POST. */
export function redirect({ reply }: Visit, path: string): FastifyReply {
  return reply.redirect(path, 303);
}

/** Only paths under our own base, never another site's (`//evil`, `/\evil`). */
export function ownPath(web: Web, path: string): string {
  return path.startsWith(web.base) && !/^\/[/\\]|[\0-\x20\\]/.test(path) ? path : web.base;
}

/** The error as JSON, as a message for htmx or as a page. What was not deliberate is logged and not told. */
export function failure(web: Web, visit: Visit, thrown: unknown): Promise<FastifyReply> | FastifyReply {
  const error = panelError(thrown);
  const { reply } = visit;
  if (error.code === 'internal') console.error(error.cause);
  if (error instanceof TooManyTries) reply.header('retry-after', error.retryAfter);
  if (visit.api) return reply.code(statusOf(error, thrown)).send({ error });
  if (error.code === 'login-required' && web.auth.ownLogin && visit.request.method === 'GET' && !visit.fragment) {
    return redirect(visit, `${web.url('login')}?next=${encodeURIComponent(visit.request.url)}`);
  }
  const data = { title: visit.words.t('page.error'), error, detail: error.message };
  if (!visit.fragment) return page(web, visit, 'error', data, statusOf(error, thrown));
  reply.header('hx-retarget', '#cs-message').header('hx-reswap', 'innerHTML');
  return html(visit, web.views.render('partials/error', { ...common(web, visit), ...data }), statusOf(error, thrown));
}

/** Fastify's own refusals (body too large, broken JSON) are the sender's mistake, not ours. */
function panelError(thrown: unknown): PanelError {
  const status = statusField(thrown);
  if (thrown instanceof PanelError || status === null || status >= 500) return asPanelError(thrown);
  return new PanelError('bad-request', (thrown as Error).message, 'Correct the request and send it again.');
}

function statusOf(error: PanelError, thrown: unknown): number {
  return error.code === 'bad-request' ? (statusField(thrown) ?? error.status) : error.status;
}

function statusField(thrown: unknown): number | null {
  return thrown instanceof Error && 'statusCode' in thrown && typeof thrown.statusCode === 'number'
    ? thrown.statusCode
    : null;
}

const acceptsGzip = (encodings: unknown) => /\bgzip\b/.test(String(encodings ?? ''));

async function html({ request, reply }: Visit, text: string, status: number): Promise<FastifyReply> {
  reply.code(status).type('text/html; charset=utf-8');
  if (!acceptsGzip(request.headers['accept-encoding']) || text.length < WORTH_GZIP) return reply.send(text);
  return reply.header('content-encoding', 'gzip').send(await gzipped(text));
}

/** What every template may use. */
function common(web: Web, visit: Visit) {
  const { words, request } = visit;
  const sources = web.panel.discovery.sources().map(sourceModel);
  return {
    words,
    t: words.t,
    url: web.url,
    asset: web.asset,
    now: web.now(),
    nameOf,
    known: (code: string) => (ERROR_CODES as string[]).includes(code),
    languages: LANGUAGES,
    /** As the visitor's browser reaches us: for addresses that are copied into another program. */
    origin: `${request.protocol}://${request.host}`,
    back: request.method === 'GET' && !visit.fragment ? ownPath(web, request.url) : web.base,
    owner: visit.role === 'owner',
    ownLogin: web.auth.ownLogin,
    cloudySearch: web.embedded ? CLOUDY_SEARCH : null,
    token: web.auth.token(visit),
    demo: web.panel.demo,
    sources,
    away: web.panel.demo ? [] : sources.filter(({ state }) => state === 'away'),
  };
}

/** One function per outcome of a request: a page, a part of a page, a redirect, an error. */

import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyReply } from 'fastify';
import { CONFIG_FILE, DEMO_NAMES } from '../../config/index.js';
import { panelUnit, programCommand } from '../../config/install.js';
import { log } from '../../lib/log.js';
import { asPanelError, ERROR_CODES, PanelError } from '../../model/errors.js';
import type { Job } from '../../model/job.js';
import { LANGUAGES } from '../../model/language.js';
import { hasMadeUpPast } from '../../panel/past.js';
import { SELF_EXPLANATORY, spokenError } from '../../present/everywhere/error.js';
import { providerName } from '../../present/row.js';
import { sourceModel } from '../../present/service.js';
import { unknownHost } from '../auth/hosts.js';
import { TooManyTries } from '../auth/index.js';
import { CLOUDY_SEARCH } from '../cloudy.js';
import type { Web } from '../context.js';
import { APPEARANCES, type Visit } from '../visit.js';
import type { Asset } from './assets.js';
import { THEME_COLOURS } from './manifest.js';
import { BLANK, SharedPage } from './shared.js';

/** The parts of pages that htmx replaces: `partials/<name>` is the element with that id. */
type Section = 'home' | 'type' | 'compare' | 'provider' | 'job';

/** What a part of a page is made of; the tab needs these of it. */
interface TabData {
  readonly title: string;
  readonly job?: Job | null;
  readonly alarm?: 'weak' | 'failed' | null;
}

/** Addresses that a page polls: `follow` every second while a job runs, `watch` now and then. */
export interface Pulse {
  readonly follow: string | null;
  /** null where nothing changes by itself. */
  readonly watch: string | null;
}

const gzipped = promisify(gzip);
/** A text of one packet gains nothing from compression, characters. */
const MIN_GZIP_LENGTH = 1400;

/** A whole page. */
export function page(web: Web, visit: Visit, name: string, data: object, status = 200): Promise<FastifyReply> {
  const layout = web.embedded ? 'embedded' : 'layout';
  return html(web, visit, web.views.render(layout, { ...common(web, visit), ...data, page: `@${name}` }), status);
}

/**
 * The page, or only its changing part where htmx asks for that: the same text in both. A page that is left open asks with the
 * stamp of what it has (`?since=`); after a POST it has none.
 */
export async function section<Data extends TabData>(
  web: Web,
  visit: Visit,
  name: Section,
  { follow, watch }: Pulse,
  data: Data,
): Promise<FastifyReply> {
  const tab = tabModel(web, visit, name, data);
  const model = { ...common(web, visit), ...data, ...tab, follow };
  const { stamp } = visit;
  const watched = watch && stamp ? `${watch}${watch.includes('?') ? '&' : '?'}since=${stamp}` : watch;
  const text = web.views.render(`partials/${name}`, model);
  const part = text + web.views.render('partials/pulse', { ...model, name, watched });
  const isLate = 'since' in (visit.request.query as object);
  if (visit.fragment) return html(web, visit, isLate ? part + sessionPart(web, { ...model, back: watch }) : part, 200);
  return page(web, visit, name, { ...data, ...tab, part });
}

/** What the tab says while nobody looks at the page: how far the scans are that concern it, and whether something fails. */
function tabModel(web: Web, { request, words }: Visit, name: Section, data: TabData) {
  const type = name === 'home' ? undefined : (data.job?.type ?? (request.params as { readonly type?: string }).type);
  const jobs = web.panel.jobs.running().filter((job) => type === undefined || job.type === type);
  const scans = jobs.filter(({ kind }) => kind === 'scan');
  const sum = (of: 'done' | 'total') => words.number(scans.reduce((all, job) => all + job[of], 0));
  const progress = scans.length === 0 ? '' : `${sum('done')}/${sum('total')} · `;
  const icon: Asset = data.alarm ? `icon-${data.alarm}.svg` : 'icon.svg';
  return { tab: progress + data.title, icon: web.asset(icon), busy: jobs.length > 0 };
}

/** Of the head of a page that has been open for long: its visitor may be another one by now. */
const sessionPart = (web: Web, model: object): string =>
  web.auth.ownLogin ? web.views.render('partials/session', { ...model, fragment: true }) : '';

/** Back to a path of this site after a POST. */
export function redirect({ reply }: Visit, path: string): FastifyReply {
  return reply.redirect(path, 303);
}

/** Only paths under our own base, never another site's (`//evil`, `/\evil`). */
export function ownPath(web: Web, path: string): string {
  return path.startsWith(web.base) && !/^\/[/\\]|[^\x21-\x7e]|\\/.test(path) ? path : web.base;
}

/** The error as JSON, as a message for htmx or as a page. An unexpected error is logged, and its details stay here. */
export function failure(web: Web, visit: Visit, thrown: unknown): Promise<FastifyReply> | FastifyReply {
  const error = panelError(thrown);
  const { reply } = visit;
  if (error.code === 'internal') log.error(error.cause);
  if (error instanceof TooManyTries) reply.header('retry-after', error.retryAfter);
  if (visit.api) return reply.code(statusCode(error, thrown)).send({ error: spokenError(error, visit.words) });
  if (error.code === 'login-required' && web.auth.ownLogin && visit.request.method === 'GET' && !visit.fragment) {
    return redirect(visit, `${web.url('login')}?next=${encodeURIComponent(visit.request.url)}`);
  }
  const data = { title: visit.words.t('page.error'), error };
  if (!visit.fragment) return page(web, visit, 'error', data, statusCode(error, thrown));
  reply.header('hx-retarget', '#cs-message').header('hx-reswap', 'innerHTML');
  if (error.code === 'bad-token') reply.header('cs-token', web.auth.token(visit));
  const model = { ...common(web, visit), ...data };
  const text =
    web.views.render('partials/error', model) + (error.code === 'login-required' ? sessionPart(web, model) : '');
  return html(web, visit, text, statusCode(error, thrown));
}

export const noSuchPage = () => new PanelError('not-found', 'There is no such page.', 'Begin at the first page.');

/** Errors of Fastify (body too large, broken JSON) are the sender's mistake, not ours. */
function panelError(thrown: unknown): PanelError {
  const status = statusField(thrown);
  if (thrown instanceof PanelError || status === null || status >= 500) return asPanelError(thrown);
  if (status === 403 || status === 404) return noSuchPage();
  return new PanelError('bad-request', (thrown as Error).message, 'Correct the request and send it again.');
}

function statusCode(error: PanelError, thrown: unknown): number {
  return error.code === 'bad-request' ? (statusField(thrown) ?? error.status) : error.status;
}

function statusField(thrown: unknown): number | null {
  return thrown instanceof Error && 'statusCode' in thrown && typeof thrown.statusCode === 'number'
    ? thrown.statusCode
    : null;
}

const acceptsGzip = (encodings: unknown) => /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(String(encodings ?? ''));

/** Inside a host's page the browser has long asked for them when it comes to our part. */
function asHtml(web: Web, { reply, fragment }: Visit): FastifyReply {
  if (!fragment && !web.embedded) reply.header('link', earlyFiles(web));
  return reply.type('text/html; charset=utf-8');
}

/** What each page needs first, asked for before a slow phone has read the page (RFC 8288, W3C Preload). */
const earlyFiles = ({ asset }: Web) =>
  `<${asset('style.css')}>; rel=preload; as=style, <${asset('htmx.min.js')}>; rel=preload; as=script`;

async function html(web: Web, visit: Visit, text: string, status: number): Promise<FastifyReply> {
  const { share } = visit;
  const reply = asHtml(web, visit).code(status);
  if (share === null) return isGzipped(visit, text) ? sendGzip(reply, await gzipped(text)) : reply.send(text);
  const page = new SharedPage(text);
  if (status === 200) share(page);
  return sendShared(web, visit, page);
}

/** The page with the visitor's own token. */
export async function sendShared(web: Web, visit: Visit, page: SharedPage): Promise<FastifyReply> {
  const token = web.auth.token(visit);
  const reply = asHtml(web, visit);
  if (!isGzipped(visit, page)) return reply.send(page.plain(token));
  return sendGzip(reply, await page.gzip(token));
}

const isGzipped = ({ request }: Visit, { length }: { readonly length: number }) =>
  acceptsGzip(request.headers['accept-encoding']) && length >= MIN_GZIP_LENGTH;

const sendGzip = (reply: FastifyReply, bytes: Buffer) => reply.header('content-encoding', 'gzip').send(bytes);

/** A browser takes the names `.` and `..` out of a path, and the application may take no long ones. */
const nodeUrl = ({ url, maxParamLength }: Web, name: string) =>
  /^\.\.?$/.test(name) || name.length > maxParamLength
    ? `${url('nodes')}?${new URLSearchParams({ name })}`
    : url('nodes', name);

/** For every template. */
function common(web: Web, visit: Visit) {
  const { words, request } = visit;
  const { panel, auth } = web;
  // The errors of sources name addresses and files of this node.
  const sources = visit.role === null ? [] : panel.discovery.sources().map(sourceModel);
  const isOwner = visit.role === 'owner';
  return {
    words,
    t: words.t,
    /** For a small part that is repeated often: `include` would copy the whole model each time. */
    draw: (name: string, data: object) => web.views.render(`partials/${name}`, { t: words.t, words, ...data }),
    url: web.url,
    nodeUrl: (name: string) => nodeUrl(web, name),
    asset: web.asset,
    command: programCommand(),
    unit: panelUnit(),
    now: web.now(),
    providerName,
    known: (code: string) => (ERROR_CODES as string[]).includes(code),
    /** In English; empty where the translated text says everything. */
    detailOf: ({ code, message }: { readonly code: string; readonly message: string }) =>
      SELF_EXPLANATORY.has(code) ? '' : message,
    languages: LANGUAGES,
    appearances: APPEARANCES,
    themeColours: THEME_COLOURS,
    appearance: visit.appearance,
    back: request.method !== 'POST' && !visit.fragment ? ownPath(web, request.url) : web.base,
    owner: isOwner,
    ownLogin: auth.ownLogin,
    cloudySearch: web.embedded ? CLOUDY_SEARCH : null,
    token: visit.share ? BLANK : auth.token(visit),
    demo: panel.demo,
    pastless: panel.demo && !hasMadeUpPast(panel.store, panel.config),
    demoAs: DEMO_NAMES.find((name) => name === panel.config.demo) ?? null,
    sources,
    /** Who else hears what these sources hear. */
    reachOf: (ids: readonly string[]) =>
      new Set(panel.discovery.sourceTypes.flatMap(({ id, reach }) => (ids.includes(id) ? (reach ?? []) : []))),
    away: panel.demo ? [] : sources.filter(({ state }) => state === 'away'),
    doubtedClock: visit.role === null ? null : panel.time.doubted,
    unkept: visit.role === null ? null : panel.store.unkept,
    movedAside: isOwner ? panel.store.movedAside : null,
    /** A warning before any order is refused. */
    unknownHost: auth.ownLogin ? unknownHost(request.headers.host, panel.config.hosts) : null,
    conf: CONFIG_FILE,
  };
}

/** Registers the pages and the API on a Fastify instance: headers, body parsing, routes, and the answers to errors. */
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { LOCALES_DIR } from '../config/paths.js';
import { fixedTime } from '../lib/clock/index.js';
import type { Panel } from '../panel/contract.js';
import { loadLocales, sourceTexts } from '../present/i18n.js';
import { Auth, type Authenticate } from './auth/index.js';
import { CLOUDY_ASSETS } from './cloudy.js';
import { beginVisit, type Web } from './context.js';
import { assetsUnder, serveAssets } from './reply/assets.js';
import { answerUnreadable } from './reply/bad-requests.js';
import { PERSONAL, SECURITY_HEADERS } from './reply/headers.js';
import { findWay } from './reply/lost.js';
import { failure, sendShared } from './reply/respond.js';
import { type SharedPage, SharedPages } from './reply/shared.js';
import { loadViews } from './reply/templates.js';
import { clientAddresses } from './request/client-address.js';
import { followOldId } from './request/old-ids.js';
import { isUnchanged, sharingKey, toStamp } from './request/stamp.js';
import { Waiting } from './request/waiting.js';
import type { Route, VersionReader } from './route.js';
import { ROUTES } from './routes.js';
import type { Visit } from './visit.js';

export interface WebOptions {
  /** A host application's login; without it the panel has its own. */
  readonly authenticate?: Authenticate;
  /** Clock, ms since the epoch; the panel's own where left out. */
  readonly now?: () => number;
  /** Pages without a frame, to be shown inside another application. */
  readonly embedded?: boolean;
  /** The requests that came through the Unix socket. */
  readonly bySocket?: WeakSet<IncomingMessage>;
  /** Whether a reader may be given what was made for another one a moment ago; unless told otherwise. */
  readonly shares?: boolean;
  /** The panel's own application: addresses outside of the prefix are answered too. */
  readonly whole?: FastifyInstance;
  /** From `loadTexts`, where the panel is registered twice. */
  readonly texts?: Texts;
}

/** Templates and languages. */
export type Texts = Pick<Web, 'views' | 'locales'>;

/** @throws Error when a template or a language is broken */
export function loadTexts({ discovery }: Pick<Panel, 'discovery'>): Texts {
  const locales = loadLocales(LOCALES_DIR, sourceTexts(discovery.sourceTypes));
  return { views: loadViews(), locales };
}

const BODY_LIMIT = 64 * 1024;
const FORM = 'application/x-www-form-urlencoded';

/** Options of the panel's own application, which a plugin cannot set: with them every address is answered by a page. */
export const OWN_APP = {
  bodyLimit: BODY_LIMIT,
  clientErrorHandler: answerUnreadable,
  rewriteUrl: ({ url = '/' }: IncomingMessage) => (isDecodable(url) ? url : url.replaceAll('%', '%25')),
  // No regular expression is matched against it, and Node limits the whole address (bytes).
  routerOptions: { maxParamLength: 16 * 1024 },
};

function isDecodable(url: string): boolean {
  try {
    decodeURIComponent(url.split('?', 1)[0] ?? '');
    return true;
  } catch {
    return false;
  }
}

/**
 * Registers everything under the prefix of the given (encapsulated) instance.
 * @throws Error when a template, a language or a file of public/ is broken or missing: before anything listens
 */
export async function registerWeb(app: FastifyInstance, panel: Panel, options: WebOptions = {}): Promise<void> {
  app.addHook('onRequest', async (_, reply) => {
    reply.headers(SECURITY_HEADERS);
  });
  const web = await createWeb(app, panel, options);
  const visits = new WeakMap<FastifyRequest, Visit>();
  const visitFor = (request: FastifyRequest, reply: FastifyReply) => {
    const visit = visits.get(request) ?? beginVisit(web, request, reply.headers(PERSONAL));
    visits.set(request, visit);
    return visit;
  };

  parseForms(app);
  app.setErrorHandler((error, request, reply) => failure(web, visitFor(request, reply), error));
  const answerLost = async (request: FastifyRequest, reply: FastifyReply) => {
    const visit = visitFor(request, reply);
    visit.role = await web.auth.role(visit);
    return findWay(web, visit);
  };
  app.setNotFoundHandler(answerLost);
  if (options.whole && web.base !== '/')
    options.whole.setNotFoundHandler(async (request, reply) => {
      reply.headers(SECURITY_HEADERS);
      return answerLost(request, reply).catch((error) => failure(web, visitFor(request, reply), error));
    });
  for (const route of ROUTES) {
    app.route({
      method: route.method,
      url: route.path,
      bodyLimit: BODY_LIMIT,
      handler: (request, reply) => answer(web, visitFor(request, reply), route),
    });
  }
}

async function answer(web: Web, visit: Visit, route: Route): Promise<unknown> {
  visit.role = await web.auth.role(visit);
  // The router takes `/services/` for a type without a name.
  if (Object.values(visit.request.params as object).includes('')) return findWay(web, visit);
  web.auth.permit(visit, route.need);
  const moved = followOldId(web, visit, route.path);
  if (moved || !route.version) return moved ?? route.handler(web, visit);
  // A page that is left open asks for parts of it, by itself.
  if (!visit.fragment) web.panel.discovery.refresh();
  const coarse = await newVersion(web, visit, route, route.version);
  if (coarse === null) return visit.reply.code(204).send();
  if (web.shared === null || visit.role !== 'reader') return route.handler(web, visit);
  const send = (page: SharedPage) => sendShared(web, visit, page);
  return web.shared.answer(sharingKey(visit, coarse), web.now(), send, (share) => {
    visit.share = share;
    return route.handler(web, visit) as FastifyReply;
  });
}

/** Coarsely, the version of the page; null where the visitor has it, also after a wait for news. */
async function newVersion(web: Web, visit: Visit, { need }: Route, read: VersionReader): Promise<string | null> {
  const wait = web.waiting.begin(visit);
  try {
    for (;;) {
      const { exact, coarse } = await read(web, visit);
      visit.stamp = toStamp(visit, exact, web.now());
      if (!isUnchanged(visit, web.now())) return coarse;
      if (!(await wait.next())) return null;
      visit.jobs = web.panel.jobs.running();
      visit.role = await web.auth.role(visit);
      web.auth.permit(visit, need);
    }
  } finally {
    wait.end();
  }
}

async function createWeb(app: FastifyInstance, panel: Panel, options: WebOptions): Promise<Web> {
  const { now, authenticate, embedded = false, bySocket = new WeakSet(), texts = loadTexts(panel) } = options;
  const time = now === undefined ? panel.time : fixedTime(now);
  const shared = options.shares === false ? null : new SharedPages();
  app.addHook('onClose', async () => shared?.close());
  const base = `${app.prefix.replace(/\/+$/, '')}/`;
  return {
    panel,
    auth: new Auth(panel, time, authenticate),
    ...texts,
    embedded,
    base,
    now: () => time.now(),
    shared,
    waiting: new Waiting(app, panel.jobs),
    maxParamLength: app.initialConfig.routerOptions?.maxParamLength ?? 100,
    bySocket,
    clientAddress: clientAddresses(panel.config.trustedProxy),
    url: (...parts) => base + parts.map(encodeURIComponent).join('/'),
    asset: embedded ? assetsUnder(CLOUDY_ASSETS) : await serveAssets(app, base),
  };
}

/** Only JSON and forms without files are read; of a field that comes twice, the last one counts. */
function parseForms(app: FastifyInstance): void {
  app.removeContentTypeParser('text/plain');
  if (app.hasContentTypeParser(FORM)) app.removeContentTypeParser(FORM);
  app.addContentTypeParser(FORM, { parseAs: 'string' }, (_, body, done) => {
    done(null, Object.fromEntries(new URLSearchParams(String(body))));
  });
}

/** What all handlers share, and how a request becomes a visit. */
import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Panel } from '../panel/contract.js';
import type { loadLocales } from '../present/i18n.js';
import { chooseLanguage } from '../present/i18n.js';
import { readCookie } from './auth/cookies.js';
import { type Auth, COOKIE } from './auth/index.js';
import { cookieValue } from './auth/sessions.js';
import type { Asset } from './reply/assets.js';
import type { SharedPages } from './reply/shared.js';
import type { Views } from './reply/templates.js';
import type { Waiting } from './request/waiting.js';
import type { Visit } from './visit.js';
import { APPEARANCES } from './visit.js';

export const LANGUAGE_COOKIE = 'cloudy_services_lang';
export const APPEARANCE_COOKIE = 'cloudy_services_look';

export interface Web {
  readonly panel: Panel;
  readonly auth: Auth;
  readonly views: Views;
  readonly locales: ReturnType<typeof loadLocales>;
  /** Whether the pages are shown inside another application, which has its own frame, login and language. */
  readonly embedded: boolean;
  /** The path that every link starts with; begins and ends with `/`. */
  readonly base: string;
  /** The client's address, as far as it can be trusted; empty through a Unix socket. */
  clientAddress(request: FastifyRequest): string;
  /** The requests that came through the Unix socket. */
  readonly bySocket: WeakSet<IncomingMessage>;
  /** A path of this site; its parts are encoded. */
  url(...parts: string[]): string;
  /** Longest part of a path that the application takes, characters. */
  readonly maxParamLength: number;
  /** Address of a file of public/, which changes with its content. */
  asset(name: Asset): string;
  /** Pages made for one reader and good for others; null where each gets its own. */
  readonly shared: SharedPages | null;
  /** Pages that are left open. */
  readonly waiting: Waiting;
  /** ms since the epoch. */
  now(): number;
}

/** The token of `Authorization: Bearer TOKEN` (RFC 6750, 2.1); null where the header says something else. */
const readBearer = (header = '') => /^bearer +(\S+) *$/i.exec(header)?.[1] ?? null;

/** The visit before the role is known: enough to answer an error. */
export function beginVisit(web: Web, request: FastifyRequest, reply: FastifyReply): Visit {
  const path = request.url.startsWith(web.base) ? request.url.slice(web.base.length - 1) : request.url;
  const { headers } = request;
  const chosen = web.embedded ? headers['x-cloudy-language'] : readCookie(request, LANGUAGE_COOKIE);
  const language = chooseLanguage(
    typeof chosen === 'string' ? chosen : undefined,
    headers['accept-language'],
    web.panel.config.language,
  );
  return {
    request,
    reply,
    base: web.base,
    address: web.clientAddress(request),
    bySocket: web.bySocket.has(request.raw),
    words: web.locales(language),
    appearance: APPEARANCES.find((appearance) => appearance === readCookie(request, APPEARANCE_COOKIE)) ?? 'system',
    api: /^\/(api\/|healthz|metrics)/.test(path),
    fragment: headers['hx-request'] === 'true',
    jobs: web.panel.jobs.running(),
    bearer: path.startsWith('/api/v1/') ? readBearer(headers.authorization) : null,
    program: null,
    role: null,
    stamp: null,
    share: null,
    cookie: cookieValue(readCookie(request, COOKIE)),
  };
}

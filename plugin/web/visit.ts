/** One request as the handlers see it: who asks, in which language, for a page, a part of one or JSON. */
import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Panel } from '../panel.js';
import type { Asset } from './assets.js';
import { type Auth, COOKIE, type Role } from './auth.js';
import { readCookie } from './cookies.js';
import type { loadLocales } from './i18n.js';
import { chooseLanguage, type Words } from './i18n.js';
import { cookieValue } from './sessions.js';
import type { Views } from './views.js';

export const LANGUAGE_COOKIE = 'cloudy_services_lang';
export const APPEARANCE_COOKIE = 'cloudy_services_look';

/** Of the pages: as the system wants it unless the person says otherwise. */
export const APPEARANCES = ['system', 'light', 'dark'] as const;
type Appearance = (typeof APPEARANCES)[number];

/** What every handler shares. */
export interface Web {
  readonly panel: Panel;
  readonly auth: Auth;
  readonly views: Views;
  readonly locales: ReturnType<typeof loadLocales>;
  /** Whether the pages are put into those of another application, which has a frame, a login and a language of its own. */
  readonly embedded: boolean;
  /** Path that every link starts with; begins and ends with `/`. */
  readonly base: string;
  /** Where a request comes from, as far as that can be trusted; empty through a Unix socket. */
  clientAddress(request: FastifyRequest): string;
  /** The requests that came through the Unix socket. */
  readonly bySocket: WeakSet<IncomingMessage>;
  /** A path of this site; strangers' words are encoded. */
  url(...parts: string[]): string;
  /** Address of a file of public/, changing with its content. */
  asset(name: Asset): string;
  /** ms since the epoch. */
  now(): number;
}

export interface Visit {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly base: string;
  /** Where the request comes from; empty through a Unix socket. */
  readonly address: string;
  /** Whether it came through the Unix socket, which no stranger can open. */
  readonly bySocket: boolean;
  readonly words: Words;
  readonly appearance: Appearance;
  /** Answers are JSON. */
  readonly api: boolean;
  /** htmx asks for the part of the page that changes. */
  readonly fragment: boolean;
  role: Role;
  /** Value of our cookie; null when there is none. */
  cookie: string | null;
}

/** The visit before it is known who comes: enough to answer an error with. */
export function beginVisit(web: Web, request: FastifyRequest, reply: FastifyReply): Visit {
  const path = request.url.slice(web.base.length - 1);
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
    appearance: APPEARANCES.find((one) => one === readCookie(request, APPEARANCE_COOKIE)) ?? 'system',
    api: /^\/(api\/|healthz|metrics)/.test(path),
    fragment: headers['hx-request'] === 'true',
    role: null,
    cookie: cookieValue(readCookie(request, COOKIE)),
  };
}

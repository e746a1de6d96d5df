/** The site map: every address of the panel, what answers it and whom it is for. */
import { lazy } from '../lazy.js';
import { VERBS } from '../node/index.js';
import * as actions from './actions.js';
import * as api from './api.js';
import type { Need } from './auth.js';
import { background, backgroundApi } from './background.js';
import { events, eventsApi } from './events.js';
import { file } from './files.js';
import { heard, skipped, skippedApi } from './heard.js';
import { help, notListed, notListedApi } from './help.js';
import { measurementsCsv, measurementsJson } from './history.js';
import { opine, opineApi } from './opinion.js';
import * as own from './own.js';
import * as pages from './pages.js';
import * as status from './status.js';
import type { Visit, Web } from './visit.js';

type Handler = (web: Web, visit: Visit) => unknown;

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly need: Need;
  readonly handler: Handler;
}

const get = (path: string, need: Need, handler: Handler): Route => ({ method: 'GET', path, need, handler });
const post = (path: string, need: Need, handler: Handler): Route => ({ method: 'POST', path, need, handler });

/** What few ask for is loaded when they do. */
const later = (load: () => Promise<Handler>): Handler => {
  const handler = lazy(load);
  return async (web, visit) => (await handler())(web, visit);
};

export const ROUTES: readonly Route[] = [
  get('/', 'reader', pages.home),
  get('/services/:type', 'reader', pages.type),
  get('/services/:type/providers/:id', 'reader', pages.provider),
  get('/services/:type/providers/:id/measurements.csv', 'reader', measurementsCsv),
  get('/services/:type/providers/:id/measurements.json', 'reader', measurementsJson),
  get('/services/:type/measurements.csv', 'reader', measurementsCsv),
  get('/services/:type/measurements.json', 'reader', measurementsJson),
  get('/services/:type/files/:name', 'reader', file),
  get('/jobs/:id', 'reader', pages.job),
  get('/events', 'owner', events),
  get('/help', 'reader', help),
  get('/help/not-listed', 'reader', notListed),
  get('/help/skipped', 'reader', skipped),
  get('/help/heard', 'reader', heard),
  get('/login', 'anyone', actions.loginPage),
  post('/login', 'anyone', actions.login),
  post('/logout', 'anyone', actions.logout),
  post('/language', 'anyone', actions.chooseLanguage),
  post('/appearance', 'anyone', actions.chooseAppearance),
  post('/services/:type/scan', 'owner', actions.scanType),
  post('/services/:type/providers/:id/scan', 'owner', actions.scanProvider),
  post('/services/:type/providers/:id/connect', 'owner', actions.connect),
  post('/services/:type/providers/:id/opinion', 'owner', opine),
  get('/services/:type/confirm/stop', 'owner', own.confirmStop),
  get('/services/:type/log', 'owner', own.log),
  ...VERBS.map((verb) => post(`/services/:type/${verb}`, 'owner', own.act(verb))),
  post('/services/:type/publish', 'owner', own.publish),
  post('/services/:type/unpublish', 'owner', own.unpublish),
  post('/background', 'owner', background),
  post('/jobs/:id/cancel', 'owner', actions.cancelJob),

  get('/api/v1/services', 'reader', api.services),
  get('/api/v1/services/:type', 'reader', api.type),
  get('/api/v1/services/:type/providers/:id', 'reader', api.provider),
  get('/api/v1/jobs/:id', 'reader', api.job),
  get('/api/v1/events', 'owner', eventsApi),
  get('/api/v1/help/not-listed', 'reader', notListedApi),
  get('/api/v1/help/skipped', 'reader', skippedApi),
  get('/api/v1/status', 'reader', status.status),
  get('/api/v1/node', 'reader', status.node),
  get('/api/v1/session', 'anyone', api.session),
  post('/api/v1/login', 'anyone', api.login),
  post('/api/v1/services/:type/scan', 'owner', api.scanType),
  post('/api/v1/services/:type/providers/:id/scan', 'owner', api.scanProvider),
  post('/api/v1/services/:type/providers/:id/connect', 'owner', api.connect),
  post('/api/v1/services/:type/providers/:id/opinion', 'owner', opineApi),
  get('/api/v1/services/:type/own', 'owner', own.viewApi),
  get('/api/v1/services/:type/log', 'owner', own.logApi),
  get('/api/v1/services/:type/preview', 'owner', own.previewApi),
  ...VERBS.map((verb) => post(`/api/v1/services/:type/${verb}`, 'owner', own.actApi(verb))),
  post('/api/v1/services/:type/publish', 'owner', own.publishApi),
  post('/api/v1/services/:type/unpublish', 'owner', own.unpublishApi),
  post('/api/v1/background', 'owner', backgroundApi),
  post('/api/v1/jobs/:id/cancel', 'owner', api.cancelJob),
  get(
    '/api/v1/openapi.json',
    'anyone',
    later(async () => (await import('./openapi.js')).openapi(ROUTES)),
  ),

  get('/healthz', 'anyone', status.health),
  get(
    '/metrics',
    'anyone',
    later(async () => (await import('./metrics.js')).metrics),
  ),
];

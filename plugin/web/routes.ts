/** The site map: every address of the panel, what answers it and whom it is for. */
import type { Need } from '../model/role.js';
import { VERBS } from '../model/unit.js';
import * as api from './api/index.js';
import { metrics } from './api/metrics.js';
import { openapi } from './api/openapi.js';
import * as status from './api/status.js';
import * as actions from './pages/actions.js';
import { heard, skipped, skippedApi } from './pages/announcements.js';
import { background, backgroundApi } from './pages/background.js';
import { events, eventsApi } from './pages/events.js';
import { file } from './pages/files.js';
import { help, notListed, notListedApi } from './pages/help.js';
import { measurementsCsv, measurementsJson } from './pages/history.js';
import * as pages from './pages/index.js';
import * as own from './pages/local-service.js';
import { opine, opineApi } from './pages/opinion.js';
import type { Handler, Route } from './route.js';

const get = (path: string, need: Need, handler: Handler): Route => ({ method: 'GET', path, need, handler });
const post = (path: string, need: Need, handler: Handler): Route => ({ method: 'POST', path, need, handler });

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
  get('/api/v1/openapi.json', 'anyone', (web, visit) => openapi(ROUTES)(web, visit)),

  get('/healthz', 'anyone', status.health),
  get('/metrics', 'anyone', metrics),
];

/** The site map: every address of the panel, what answers it and whom it is for. */
import * as actions from './actions.js';
import * as api from './api.js';
import type { Need } from './auth.js';
import { file } from './files.js';
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

export const ROUTES: readonly Route[] = [
  get('/', 'reader', pages.home),
  get('/services/:type', 'reader', pages.type),
  get('/services/:type/providers/:id', 'reader', pages.provider),
  get('/services/:type/files/:name', 'reader', file),
  get('/jobs/:id', 'reader', pages.job),
  get('/login', 'anyone', actions.loginPage),
  post('/login', 'anyone', actions.login),
  post('/logout', 'anyone', actions.logout),
  post('/language', 'anyone', actions.chooseLanguage),
  post('/services/:type/scan', 'owner', actions.scanType),
  post('/services/:type/providers/:id/scan', 'owner', actions.scanProvider),
  post('/services/:type/providers/:id/connect', 'owner', actions.connect),
  post('/services/:type/start', 'owner', actions.start),
  post('/services/:type/stop', 'owner', actions.stop),
  post('/jobs/:id/cancel', 'owner', actions.cancelJob),

  get('/api/v1/services', 'reader', api.services),
  get('/api/v1/services/:type', 'reader', api.type),
  get('/api/v1/services/:type/providers/:id', 'reader', api.provider),
  get('/api/v1/jobs/:id', 'reader', api.job),
  get('/api/v1/status', 'reader', status.status),
  get('/api/v1/node', 'reader', status.node),
  get('/api/v1/session', 'anyone', api.session),
  post('/api/v1/login', 'anyone', api.login),
  post('/api/v1/services/:type/scan', 'owner', api.scanType),
  post('/api/v1/services/:type/providers/:id/scan', 'owner', api.scanProvider),
  post('/api/v1/services/:type/providers/:id/connect', 'owner', api.connect),
  post('/api/v1/services/:type/start', 'owner', api.start),
  post('/api/v1/services/:type/stop', 'owner', api.stop),
  post('/api/v1/jobs/:id/cancel', 'owner', api.cancelJob),

  get('/healthz', 'anyone', status.health),
];

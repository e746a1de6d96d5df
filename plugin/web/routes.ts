/** The site map: the pages in their order, each with the routes that it declares. */
import { programRoutes } from './api/index.js';
import * as status from './api/status.js';
import * as tokens from './api/tokens.js';
import * as announcements from './pages/announcements.js';
import * as events from './pages/events.js';
import * as node from './pages/everywhere/node.js';
import * as search from './pages/everywhere/search.js';
import * as files from './pages/files.js';
import * as help from './pages/help.js';
import * as home from './pages/home.js';
import * as job from './pages/job.js';
import * as localService from './pages/local-service.js';
import * as login from './pages/login.js';
import * as measurements from './pages/measurements.js';
import * as notListed from './pages/not-listed.js';
import * as preferences from './pages/preferences.js';
import * as provider from './pages/provider.js';
import * as settings from './pages/settings.js';
import * as skipped from './pages/skipped.js';
import * as compare from './pages/type/compare.js';
import * as follow from './pages/type/follow.js';
import * as type from './pages/type.js';
import * as manifest from './reply/manifest.js';
import type { Route } from './route.js';

export const ROUTES: readonly Route[] = [
  ...home.routes,
  ...type.routes,
  ...compare.routes,
  ...follow.routes,
  ...localService.routes,
  ...provider.routes,
  ...measurements.routes,
  ...search.routes,
  ...node.routes,
  ...files.routes,
  ...job.routes,
  ...events.routes,
  ...help.routes,
  ...notListed.routes,
  ...skipped.routes,
  ...announcements.routes,
  ...login.routes,
  ...preferences.routes,
  ...settings.routes,
  ...tokens.routes,
  ...manifest.routes,
  ...status.routes,
  ...programRoutes(() => ROUTES),
];

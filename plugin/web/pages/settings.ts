/** The page of settings: what a browser remembers, and for the owner what the panel does by itself. */
import { tokensModel } from '../api/tokens.js';
import type { Web } from '../context.js';
import { page } from '../reply/respond.js';
import { get, type Route } from '../route.js';
import type { Visit } from '../visit.js';

export const routes: readonly Route[] = [get('/settings', 'reader', settings)];

async function settings(web: Web, visit: Visit) {
  return page(web, visit, 'settings', { title: visit.words.t('page.settings'), tokens: tokensModel(web, visit) });
}

/** The help page: how the list comes about. */
import { page } from '../reply/respond.js';
import { sourcesVersion } from '../request/version.js';
import { get, type Route } from '../route.js';

export const routes: readonly Route[] = [
  get(
    '/help',
    'reader',
    (web, visit) => page(web, visit, 'help', { title: visit.words.t('page.help') }),
    sourcesVersion,
  ),
];

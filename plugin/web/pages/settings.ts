/** The page of settings: what a browser remembers, and for the owner what the panel does by itself. */
import { alertServer, testAlert } from '../../alerts/index.js';
import { PanelError } from '../../model/errors.js';
import { backgroundModel } from '../../present/background.js';
import { DAY_FROM } from '../../scan/plan.js';
import { answers } from '../api/operation.js';
import { tokensModel } from '../api/tokens.js';
import type { Web } from '../context.js';
import { page } from '../reply/respond.js';
import { get, type Route, twins } from '../route.js';
import type { Visit } from '../visit.js';

export const routes: readonly Route[] = [
  get('/settings', 'reader', (web, visit) => settings(web, visit)),
  ...twins('POST', '/settings/alert', 'owner', {
    operation: answers('Sends a test to where alerts go', 'AlertTest'),
    load: sendTest,
    page: (web, visit, { error }) => settings(web, visit, { error }),
  }),
];

/** @param tested what came of a test of the alerts */
async function settings(web: Web, visit: Visit, tested: { readonly error: string | null } | null = null) {
  const { config } = web.panel;
  return page(web, visit, 'settings', {
    title: visit.words.t('page.settings'),
    // After a test, the forms lead back to the page and not to its order.
    ...(tested && { back: web.url('settings') }),
    background: backgroundModel(web.panel),
    dayFrom: DAY_FROM,
    alerts: { server: alertServer(config), after: config.notifyAfter, tested },
    ranges: config.communityRanges,
    publicRead: config.publicRead,
    tokens: tokensModel(web, visit),
  });
}

/** @throws PanelError bad-request where no address is configured */
export async function sendTest(web: Web, { words }: Visit): Promise<{ error: string | null }> {
  const error = await testAlert(web.panel, words, web.now());
  if (error === 'off') throw new PanelError('bad-request', 'Alerts go nowhere.', 'Set NOTIFY_URL first.');
  return { error };
}

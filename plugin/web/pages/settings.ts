/** The page of settings: what a browser remembers, and for the owner what the panel does by itself. */
import { alertServer, testAlert } from '../../alerts/index.js';
import { PanelError } from '../../model/errors.js';
import { readLayer } from '../../node/layer.js';
import { backgroundModel } from '../../present/background.js';
import { exchangeModel } from '../../present/community/exchange.js';
import { machineModel } from '../../present/machine.js';
import { routingModel } from '../../present/service/way.js';
import { answers, fields, oneOf, text } from '../api/operation.js';
import { tokensModel } from '../api/tokens.js';
import { bodyField } from '../auth/index.js';
import type { Web } from '../context.js';
import { page, redirect } from '../reply/respond.js';
import { readTyped, type TypedTerms, toChoice } from '../request/background-terms.js';
import { noteAction } from '../request/note.js';
import { api, get, post, type Route, twins } from '../route.js';
import type { Visit } from '../visit.js';

export const routes: readonly Route[] = [
  get('/settings', 'reader', (web, visit) => settings(web, visit)),
  ...twins('POST', '/settings/neighbours', 'owner', {
    operation: {
      ...answers(
        'Turns the exchange with neighbours’ panels on or off, or whether they are told the stars',
        'Exchange',
      ),
      body: fields({ turn: oneOf('on', 'off'), stars: oneOf('on', 'off') }),
    },
    load: turnExchange,
    page: (web, visit) => redirect(visit, `${web.url('settings')}#neighbours`),
  }),
  ...twins('POST', '/settings/neighbours/forget', 'owner', {
    operation: {
      ...answers('Forgets a neighbour’s panel with its key: the next one counts as its first', 'Exchange'),
      body: fields({ peer: text }, ['peer']),
    },
    load: forgetPeer,
    page: (web, visit) => redirect(visit, `${web.url('settings')}#neighbours`),
  }),
  ...twins('POST', '/settings/alert', 'owner', {
    operation: answers('Sends a test to where alerts go', 'AlertTest'),
    load: sendTest,
    page: (web, visit, { error }) => settings(web, visit, { tested: { error } }),
  }),
  post('/settings/background', 'owner', saveTerms),
  api('POST /api/v1/settings/background', 'owner', chooseTerms, {
    ...answers('Sets hours and budget of measuring in the background', 'BackgroundAnswer'),
    body: fields(
      {
        from: { type: 'integer', minimum: 0, maximum: 23, description: 'Hour of the node’s clock.' },
        to: {
          type: 'integer',
          minimum: 1,
          maximum: 24,
          description: '24 = midnight; less than `from`: over midnight.',
        },
        megabytes: { type: 'number', description: 'In 24 hours. Left out: as many as SCAN_BYTES_PER_DAY allows.' },
      },
      ['from', 'to'],
    ),
  }),
];

interface Outcome {
  /** What came of a test of the alerts. */
  readonly tested?: { readonly error: string | null };
  /** Hours and budget that were not taken. */
  readonly typed?: TypedTerms;
}

async function settings(web: Web, visit: Visit, { tested, typed }: Outcome = {}) {
  const { config } = web.panel;
  return page(
    web,
    visit,
    'settings',
    {
      title: visit.words.t('page.settings'),
      // After an order, the forms lead back to the page and not to the order.
      ...((tested || typed) && { back: web.url('settings') }),
      background: backgroundModel(web.panel),
      /** The demo has nobody to tell. */
      exchange: web.panel.demo ? null : exchangeModel(web.panel),
      terms: termsModel(web, visit, typed),
      alerts: { server: alertServer(config), after: config.notifyAfter, tested: tested ?? null },
      routing: routingModel(web.panel.routing.status()),
      ranges: config.communityRanges,
      publicRead: config.publicRead,
      machine: machineModel(await readLayer(), visit.words),
      tokens: tokensModel(web, visit),
    },
    typed ? 400 : 200,
  );
}

/** The form of hours and budget: as typed where that was not taken. */
function termsModel(web: Web, { request, words }: Visit, typed: TypedTerms | undefined) {
  const { hours, chosenBudget } = web.panel.background.status();
  const megabytes = chosenBudget === null ? '' : words.number(chosenBudget / 1e6, 2);
  const stored = { from: String(hours.from), to: String(hours.to), megabytes };
  const isSaved = (request.query as { saved?: unknown }).saved === 'background';
  return { ...(typed ?? stored), refused: typed !== undefined, sameHours: typed?.from === typed?.to, saved: isSaved };
}

/** A mistake is told beside its field, with everything as it was typed. */
function saveTerms(web: Web, visit: Visit) {
  try {
    chooseTerms(web, visit);
  } catch (error) {
    if (error instanceof PanelError && error.code === 'bad-request')
      return settings(web, visit, { typed: readTyped(visit) });
    throw error;
  }
  return redirect(visit, `${web.url('settings')}?saved=background#background`);
}

/** @throws PanelError bad-request, disk-full, disk-unwritable */
export function chooseTerms(web: Web, visit: Visit) {
  web.panel.background.choose(toChoice(readTyped(visit)));
  noteAction(web, visit, 'background-terms');
  return { background: backgroundModel(web.panel) };
}

/** @throws PanelError bad-request */
export async function turnExchange(web: Web, visit: Visit) {
  const { community } = web.panel;
  const [turn, stars] = [bodyField(visit.request, 'turn'), bodyField(visit.request, 'stars')];
  const isKnown = (word: string) => ['', 'on', 'off'].includes(word);
  if (!isKnown(turn) || !isKnown(stars) || turn + stars === '')
    throw new PanelError('bad-request', 'It can be turned on or off.', 'Send turn=on or turn=off.');
  if (stars !== '') community.tellStars(stars === 'on');
  if (turn === 'on') await community.on();
  if (turn === 'off') await community.off();
  if (turn !== '') noteAction(web, visit, `share-${turn as 'on' | 'off'}`);
  return { exchange: exchangeModel(web.panel) };
}

async function forgetPeer(web: Web, visit: Visit) {
  web.panel.community.forget(bodyField(visit.request, 'peer'));
  return { exchange: exchangeModel(web.panel) };
}

/** @throws PanelError bad-request where no address is configured */
export async function sendTest(web: Web, { words }: Visit): Promise<{ error: string | null }> {
  const error = await testAlert(web.panel, words, web.now());
  if (error === 'off') throw new PanelError('bad-request', 'Alerts go nowhere.', 'Set NOTIFY_URL first.');
  return { error };
}

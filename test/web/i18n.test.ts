/** The languages: complete, without leftovers, and chosen as people and browsers ask. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SKIP_REASONS } from '../../plugin/announcement/skipped.js';
import { PEER_PROBLEMS } from '../../plugin/community/judge.js';
import { DEMO_NAMES } from '../../plugin/config/index.js';
import { LOCALES_DIR, VIEWS_DIR } from '../../plugin/config/paths.js';
import { ERROR_CODES } from '../../plugin/model/errors.js';
import { LANGUAGES } from '../../plugin/model/language.js';
import { FAILURES, UNSCORED } from '../../plugin/model/level.js';
import { VERBS } from '../../plugin/model/unit.js';
import { LAN_STATES } from '../../plugin/node/announce/lan.js';
import { WITHDRAWALS } from '../../plugin/node/announce/publisher.js';
import { ADDRESS_TROUBLES } from '../../plugin/node/announce/troubles.js';
import { LINKS } from '../../plugin/present/diagnosis.js';
import { EMPTY_REASONS } from '../../plugin/present/empty.js';
import { chooseLanguage, loadLocales } from '../../plugin/present/i18n.js';
import { FIELDS } from '../../plugin/present/own.js';
import { SPANS } from '../../plugin/present/pictures/axis.js';
import { TOGGLES } from '../../plugin/present/search.js';
import { LEADS } from '../../plugin/present/service/reason.js';
import { GRADES } from '../../plugin/routing/index.js';
import { DEVICES } from '../../plugin/services/contract.js';
import { ACTIONS, ACTORS } from '../../plugin/store/tables/events.js';
import { TOKEN_ROLES } from '../../plugin/web/auth/tokens.js';
import { STEPS } from '../../plugin/web/pages/home/guide.js';
import { APPEARANCES } from '../../plugin/web/visit.js';
import { startWeb } from './app.js';

const texts = JSON.parse(readFileSync(join(LOCALES_DIR, 'en.json'), 'utf8')) as Record<string, string>;
const keys = Object.keys(texts);
const locales = loadLocales();

/** The keys that code and templates put together from a word of a contract. */
const COMPOSED: Readonly<Record<string, readonly string[]>> = {
  'reason.': [...FAILURES, ...UNSCORED],
  'error.': ERROR_CODES.flatMap((code) => [code, `${code}.hint`]),
  'language.': LANGUAGES,
  'appearance.': APPEARANCES,
  'level.': ['0', '1', '2', '3', '4', '5'],
  'state.': ['running', 'stopped', 'starting', 'stopping', 'failed', 'absent', 'unknown'],
  'source.state.': ['up', 'connecting', 'away', 'off'],
  'confidence.': ['solid', 'tries'],
  'verdict.': ['good', 'missed', 'weak', 'unproven', 'unchecked', 'failed', 'barred', 'new'],
  'job.kind.': ['scan', ...VERBS, 'publish', 'unpublish', 'connect'],
  'job.state.': ['running', 'done', 'failed', 'cancelled'],
  'own.': VERBS,
  'own.withdrawn.': WITHDRAWALS,
  'port.': ['open', 'loopback', 'closed'],
  'publish.': FIELDS,
  'publish.address.': ADDRESS_TROUBLES,
  'publish.help.': ['description', 'attributes', 'community'],
  'publish.problem.': ['port', 'long'],
  'chart.': ['score', 'answers', 'rtt', 'answer'],
  'history.span.': Object.keys(SPANS),
  'why.': [
    'slow',
    'unsteady',
    'lossy',
    'poor',
    'unmeasured',
    'untimed',
    'few',
    'few.of',
    'doubt',
    'old',
    'rating',
    'gate',
  ],
  'why.about.': ['1', '2', '3', '4', '5', '6', '7', '8', '9'],
  'opinion.': ['pinned', 'hidden', 'reserve'],
  'opinion.known.': ['yes', 'no', 'unsaid'],
  'background.waiting.': ['scan', 'night', 'load', 'traffic', 'budget', 'nothing-due', 'starting'],
  'own.lan.': [...LAN_STATES, 'off'],
  'background.': ['from', 'to'],
  'background.turn.': ['on', 'off'],
  'neighbours.stars.': ['on', 'off'],
  'neighbours.problem.': PEER_PROBLEMS,
  'neighbours.stars.turn.': ['on', 'off'],
  'find.': TOGGLES,
  'home.': ['works', 'reachable'],
  'nothing.': EMPTY_REASONS.flatMap((why) => [why, `${why}.todo`]),
  'type.empty.': ['todo'],
  'best.': LEADS,
  'untried.': ['background', 'owner', 'reader'],
  'scan.best.': ['first', 'stays', 'new'],
  'scan.': ['work', 'reached'],
  'guide.': STEPS.flatMap((step) => [step, `${step}.how`]),
  'home.trouble.': ['unit', 'port'],
  'event.': [...ACTIONS, 'cancel'],
  'skipped.': SKIP_REASONS.flatMap((reason) => [reason, `${reason}.means`]),
  'skipped.todo.': ['too-many', 'malformed', 'same-id'],
  'event.by.': ACTORS,
  'help.how.': ['1', '2', '3', '4'],
  'help.words.': ['1', '2', '3', '4', '5', '6', '7', '8'],
  'help.leaves.': ['1', '2', '3'],
  'chain.state.': ['yes', 'no', 'unknown'],
  'chain.': Object.entries(LINKS).flatMap(([link, says]) => [
    link,
    ...says.map((say) => `${link}.${say}`),
    ...says.map((say) => `${link}.${say}.todo`).filter((key) => `chain.${key}` in texts),
  ]),
  'terminal.column.': [
    ...['type', 'title', 'providers', 'measured', 'best', 'here'],
    ...['score', 'state', 'checked', 'name', 'address', 'reason'],
  ],
  'tokens.role.': TOKEN_ROLES,
  'device.': DEVICES,
  'demo.todo.': DEMO_NAMES,
  'usage.does.': ['serve', 'list', 'scan', 'use', 'passwd', 'embed', 'unembed', 'import', 'doctor'],
  'doctor.': ['works', 'fails', 'absent'],
  'doctor.panel.': ['answers', 'other', 'closed', 'silent'],
  'doctor.name.': [
    ...['configuration', 'opening', 'database', 'clock', 'owner', 'own-services', 'own-ports', 'background', 'routing'],
    ...['panel', 'data-folder', 'network', 'journal'],
  ],
  ...{ 'declared.open.': ['yes', 'ask', 'no'], 'row.open.': ['yes', 'ask', 'no'] },
  'way.grade.': GRADES,
  'alert.': ['failing', 'failing.own', 'back', 'back.own', 'worse'],
};
const composed = Object.entries(COMPOSED).flatMap(([prefix, words]) => words.map((word) => prefix + word));

function sources(folder: string, ending: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
}
const source = [...sources(VIEWS_DIR, '.eta'), ...sources(join(VIEWS_DIR, '..', 'plugin'), '.ts')].join('\n');
const exists = (key: string) => key in texts || `${key}.other` in texts;

it('German has one word for the owner of this node, and another for whoever runs a neighbour’s service', () => {
  const german: Readonly<Record<string, string>> = JSON.parse(readFileSync(join(LOCALES_DIR, 'de.json'), 'utf8'));
  const own = /^(settings|guide|reader|login|passwd|api|untried|event\.by|why\.rating|compare\.stars|error\.)/;
  const owner = Object.entries(german).filter(([key]) => own.test(key));
  expect(owner.filter(([, text]) => text.includes('Eigentümer')).length).toBeGreaterThan(10);
  expect(owner.filter(([, text]) => text.includes('Betreiber'))).toEqual([]);
});

it.each(LANGUAGES)('every time of day in %s is written by one clock of 24 hours', (language) => {
  const { clock, date, moment } = loadLocales()(language);
  for (const hour of [0, 9, 12, 14, 23]) {
    const at = new Date(2026, 10, 20, hour, 5).getTime();
    expect(clock(at)).toBe(`${String(hour).padStart(2, '0')}:05`);
    expect([date(at), moment(at)].map((text) => text.endsWith(`, ${clock(at)}`))).toEqual([true, true]);
  }
});

describe('the texts', () => {
  it('exist for every closed list of words', () => {
    expect(composed.filter((key) => !exists(key))).toEqual([]);
  });

  it('exist for every key in a template or the code', () => {
    const quoted = [...source.matchAll(/'([a-z]+(?:\.[a-z-]+)+)'/g)].map((match) => match[1] as string);
    const families = new Set(keys.map((key) => key.split('.', 1)[0]));
    const named = quoted.filter((key) => families.has(key.split('.', 1)[0]) && !/\.(css|svg|js)$/.test(key));
    expect(named.length).toBeGreaterThan(60);
    expect(named.filter((key) => !exists(key))).toEqual([]);
  });

  it('are all used', () => {
    const used = (key: string) => {
      const whole = key.replace(/\.(one|other)$/, '');
      return composed.includes(key) || composed.includes(whole) || /^fact\./.test(key) || source.includes(`'${whole}'`);
    };
    expect(keys.filter((key) => !used(key))).toEqual([]);
  });

  it('differ between languages, except on purpose', () => {
    const en = locales('en');
    const others = LANGUAGES.filter((language) => language !== 'en').map((language) => locales(language));
    const same = keys.filter(
      (key) => / \w+ \w+/.test(texts[key] ?? '') && others.some((words) => words.t(key) === en.t(key)),
    );
    expect(same).toEqual([]);
  });
});

describe('formatting', () => {
  it('chooses the plural and formats numbers for the language', () => {
    expect(locales('ca').t('home.providers', { count: 1 })).toBe('1 proveïdor');
    expect(locales('es').t('home.providers', { count: 1_000_000 })).toBe('1.000.000 proveedores');
    expect(locales('en').t('home.providers', { count: 12_345 })).toBe('12,345 providers');
    expect(locales('de').t('node.offers', { count: 1 })).toBe('bietet 1 Dienst an');
    expect(locales('de').t('node.offers', { count: 12_345 })).toBe('bietet 12.345 Dienste an');
  });

  it('writes measured values with their unit', () => {
    expect(locales('ca').measure(12.34, 'ms')).toBe('12,3\u00a0ms');
    expect(locales('es').measure(1.25, 'ms/kB')).toBe('1,3\u00a0ms/kB');
    expect(locales('en').measure(0.875, 'share')).toBe('87.5%');
    expect([700, 19_600, 2_500_000].map((count) => locales('en').bytes(count))).toEqual([
      '0.7\u00a0kB',
      '20\u00a0kB',
      '2.5\u00a0MB',
    ]);
  });

  it('tells how long ago', () => {
    const now = Date.parse('2026-11-20T10:00:00Z');
    expect(locales('en').ago(now - 3 * 60_000, now)).toBe('3 minutes ago');
    expect(locales('ca').ago(now - 24 * 3_600_000, now)).toBe('ahir');
    expect(locales('en').ago(now + 5000, now)).toBe('now');
  });

  it('does not replace a placeholder inside a value', () => {
    expect(locales('en').t('job.kind.scan', { service: '{count} $& $1' })).toBe('Scan of {count} $& $1');
  });

  it('refuses a key that does not exist', () => {
    expect(() => locales('en').t('no.such.key')).toThrow('no.such.key');
  });
});

describe('choosing the language', () => {
  it.each([
    ['es', 'en', 'es'],
    [undefined, 'ca-valencia, en;q=0.5', 'ca'],
    [undefined, 'fil, es;q=0.3', 'es'],
    [undefined, 'fr, en;q=0.2, es;q=0.9', 'es'],
    [undefined, 'en;q=0, fr', 'ca'],
    [undefined, 'de-AT, en;q=0.9', 'de'],
    [undefined, 'ES-419', 'es'],
    [undefined, 'fil-PH, eng;q=0.9, cat, es-ES;q=0.1', 'es'],
    [undefined, 'pt, CA-ES-valencia; q=0.4, en ;q=0.3', 'ca'],
    [undefined, 'es;Q=0.1, en;q=0.2', 'en'],
    [undefined, 'en;q=0.8, es;q=0.8', 'en'],
    [undefined, '*, es;q=0.5', 'es'],
    ['en', 'es', 'en'],
    [undefined, undefined, 'ca'],
    ['xx', ';;,q=;=', 'ca'],
  ])('cookie %s and Accept-Language %s give %s', (cookie, accept, expected) => {
    expect(chooseLanguage(cookie, accept, 'ca')).toBe(expected);
  });

  it('prefers the person’s choice, then the browser, then the configuration', async () => {
    const web = await startWeb({ config: { language: 'es' } });
    const shown = async (accept?: string, cookie?: string) => {
      const headers = { ...(accept && { 'accept-language': accept }), ...(cookie && { cookie }) };
      const { body } = await web.app.inject({ url: '/', headers: { host: 'localhost', ...headers } });
      return /<html lang="(\w+)"/.exec(body)?.[1];
    };
    const chosen = 'cloudy_services_lang=en';
    expect(await shown('ca-valencia', chosen)).toBe('en');
    expect(await shown('fil, ca-valencia;q=0.7')).toBe('ca');
    expect(await shown('fil')).toBe('es');
    expect(await shown()).toBe('es');
    await web.app.close();
  });
});

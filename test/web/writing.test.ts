/** Numbers, dates and plurals are written as each language does, on every page, charts too. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { LOCALES_DIR } from '../../plugin/config/paths.js';
import { LANGUAGES } from '../../plugin/model/language.js';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { NOW, ranked, SERF_UP } from './fake-panel.js';

let web: TestWeb | null = null;
afterEach(async () => {
  await web?.app.close();
  web = null;
});

/** Counts whose words are the same whatever the number. */
const WITHOUT_NOUN = ['find.of'];

describe.each(LANGUAGES)('in %s', (language) => {
  const texts = JSON.parse(readFileSync(join(LOCALES_DIR, `${language}.json`), 'utf8')) as Record<string, string>;

  it('has a singular and a plural for every text with a count', () => {
    const counting = Object.keys(texts).filter((key) => texts[key]?.includes('{count}') && !WITHOUT_NOUN.includes(key));
    expect(counting.length).toBeGreaterThan(40);
    expect(counting.filter((key) => !/\.(one|other)$/.test(key))).toEqual([]);
    const stems = new Set(counting.map((key) => key.replace(/\.(one|other)$/, '')));
    expect([...stems].filter((stem) => !(`${stem}.one` in texts) || !(`${stem}.other` in texts))).toEqual([]);
  });
});

/** Values that each language writes in its own way: decimals, thousands, percentages, times long and short ago. */
async function open(language: string): Promise<Visitor> {
  web = await startWeb();
  const { panel } = web;
  const many = Array.from({ length: 1_234 }, (_, at) =>
    ranked('dnsservice', at, {
      ...{ measuredAt: NOW - at * 60_000, path: { rtt: 1_234.56, jitter: 0.25, loss: 0.125 }, attempts: at % 3 },
      ...{ estimate: 12.5, score: 87.25, low: 80.5, high: 91.5, recommended: at === 0 },
      provider: { address: `10.3.${at >> 8}.${at & 255}`, heardAt: NOW - 5_400_000 },
    }),
  );
  panel.lists.set('dnsservice', many);
  panel.lists.set('Docker', [ranked('Docker', 1)]);
  panel.sourceList = [{ ...SERF_UP, state: 'away', read: 12_345, skipped: { 'bad-json': 1_500, 'bad-port': 1 } }];
  panel.discovery.skipped = () => [{ node: 'torre', type: null, reason: 'bad-port', heardAt: NOW - 7_200_000 }];
  const id = many[0]?.provider.id as string;
  const tried = { provider: id, type: 'dnsservice', bytes: 400, level: 4 as const, reason: null, facts: {} };
  const samples = [{ metric: 'answer', value: 1_012.5, method: 'udp' }];
  for (const hours of [1, 30, 60]) panel.store.attempts.add({ ...tried, samples, at: NOW - hours * 3_600_000 });
  panel.store.history.note('dnsservice', id, 71);
  for (let count = 0; count < 1_100; count++)
    panel.store.events.count({
      ...{ by: 'schedule', name: '', what: 'measure', type: 'dnsservice', provider: id, result: 'done' },
    });
  return new Visitor(web, { 'accept-language': language }).login();
}

/** What a person reads or hears: texts and labels. */
const seen = (html: string) => {
  const main = /<main[^>]*>(.*)<\/main>/s.exec(html)?.[1] ?? '';
  const labels = [...main.matchAll(/(?:aria-label|title)="([^"]*)"/g)].map(([, label]) => label);
  const text = main.replaceAll(/<pre.*?<\/pre>/gs, ' ').replaceAll(/<[^>]+>/g, ' ');
  return `${text} ${labels.join(' ')}`.replaceAll(/[\s\u00a0\u202f]+/g, ' ');
};

const PAGES = [
  '/',
  '/settings',
  '/services/dnsservice',
  '/services/dnsservice?page=11',
  '/services/Docker',
  '/events',
  '/help/skipped',
];

describe('every page', () => {
  it.each([
    ['ca', ['1.234,6 ms', '12.345 ', '1.500 ']],
    // Spanish leaves four digits together.
    ['es', ['1234,6 ms', '12.345 ', '1500 ']],
  ])('in %s formats decimals, thousands and dates for people', async (language, expected) => {
    const visitor = await open(language);
    const id = web?.panel.lists.get('dnsservice')?.[0]?.provider.id;
    const all: string[] = [];
    for (const url of [...PAGES, `/services/dnsservice/providers/${id}`]) {
      const text = seen((await visitor.get(url)).body).replaceAll(/10\.\d+\.\d+\.\d+(:\d+)?/g, '');
      expect(
        text.match(/\d\.\d+ ?(ms|kB|MB|h\b|%)/g)?.filter((match) => !/^\d\.\d{3} /.test(match)) ?? [],
        url,
      ).toEqual([]);
      expect(text.match(/\d{4}-\d\d-\d\d/g) ?? [], url).toEqual([]);
      expect(text.match(/(?<![\w.,/:])\d{5,}(?![\w.])/g) ?? [], url).toEqual([]);
      expect(text.match(/\d,\d{3}(?!\d)/g) ?? [], url).toEqual([]);
      all.push(text);
    }
    const text = all.join(' ');
    for (const written of [...expected, '0,3 ms', '12,5 %']) expect(text).toContain(written);
  });

  it.each([
    ['ca', ['fa 2 minuts', '1 proveïdor', '1 descartat', 'fa 1 hora', '20 de nov. 2026', '0 de 1']],
    ['es', ['hace 2 minutos', '1 proveedor', '1 descartado', 'hace 1 hora', '20 nov 2026', '0 de 1']],
    ['en', ['2 minutes ago', '1 provider', '1 skipped', '1 hour ago', 'Nov 20, 2026', '1,234.6 ms', '12.5%']],
  ])('in %s formats moments and singulars for that language', async (language, expected) => {
    const visitor = await open(language);
    const list = web?.panel.lists.get('dnsservice') ?? [];
    web?.panel.lists.set(
      'dnsservice',
      list.map((row, at) => ({ ...row, samples: at === 1 ? 0 : row.samples })),
    );
    const texts = [];
    for (const url of [...PAGES, `/services/dnsservice/providers/${list[0]?.provider.id}`])
      texts.push(seen((await visitor.get(url)).body));
    for (const written of expected) expect(texts.join(' ')).toContain(written);
  });
});

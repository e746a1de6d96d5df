/** Providers side by side: which value is best, what each costs, and which of those asked for are shown. */
import { afterEach, describe, expect, it } from 'vitest';
import { loadLocales } from '../../plugin/present/i18n.js';
import { overlays } from '../../plugin/present/list/overlay.js';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { NUMBERLESS, ranked } from './fake-panel.js';

let web: TestWeb;
afterEach(() => web?.app.close());

const timed = (index: number, answer: number, rtt: number | null = null) => {
  const row = ranked('dnsservice', index, rtt === null ? {} : { path: { rtt, jitter: null, loss: null } });
  return { ...row, parts: row.parts.map((part) => (part.metric === 'answer' ? { ...part, value: answer } : part)) };
};
const dead = ranked('dnsservice', 9, { ...NUMBERLESS, score: 0, reason: 'timeout', samples: 0, level: 0 });

async function open() {
  web = await startWeb();
  const list = [timed(1, 4, 20), timed(2, 9, 5), timed(3, 9), timed(4, 11), timed(5, 12), dead];
  web.panel.lists.set('dnsservice', list);
  const address = (...places: readonly number[]) =>
    `/services/dnsservice/compare?${places.map((place) => `p=${list[place]?.provider.id}`).join('&')}`;
  return { visitor: new Visitor(web), list, address };
}

describe('a comparison', () => {
  it('marks the best value of a measure, and none where all are the same', async () => {
    const { visitor, address } = await open();
    const { measures } = (await visitor.get(`/api/v1${address(0, 1)}`)).json();
    const best = Object.fromEntries(
      measures.map(({ id, cells }: { id: string; cells: { best: boolean }[] }) => [id, cells.map((cell) => cell.best)]),
    );
    expect(best).toEqual({
      ...{ answer: [true, false], answers: [false, false], rtt: [false, true], doubt: [false, false] },
    });
  });

  it('says what each value costs, and nothing for what was not measured', async () => {
    const { visitor, address } = await open();
    const { measures, providers } = (await visitor.get(`/api/v1${address(0, 5)}`)).json();
    expect(measures[0].cells).toEqual([
      { value: 4, text: '4\u00a0ms', lost: 9.35, best: false },
      { value: null, text: null, lost: null, best: false },
    ]);
    expect(providers.map(({ verdict }: { verdict: string }) => verdict)).toEqual(['good', 'failed']);
    const { body } = await visitor.get(address(0, 5));
    expect(body).toMatch(/4.ms.*−9\.4/s);
  });

  it('tells what doubt, failures and stars cost in rows of their own, as "Why?" does: a column sums to what is lost', async () => {
    const { visitor, list, address } = await open();
    const [first, second] = list;
    if (!first || !second) throw new Error('two providers are listed');
    const doubtful = first.parts.map((part) => ({ ...part, doubt: 3, failures: part.metric === 'answer' ? 2 : 1 }));
    const rated = { ...first, parts: doubtful, rating: { count: 1, mean: 5, points: 4 }, score: 84 };
    web.panel.lists.set('dnsservice', [rated, second]);
    await visitor.login();
    const { measures } = (await visitor.get(`/api/v1${address(0, 1)}`)).json();
    type Row = { id: string; cells: { lost: number | null }[] };
    const lost = Object.fromEntries(measures.map(({ id, cells }: Row) => [id, cells[0]?.lost]));
    expect(lost).toEqual({ answer: 7.35, answers: 6.66, doubt: 6, rtt: null, stars: -4 });
    const sum = measures.reduce((total: number, { cells }: Row) => total + (cells[0]?.lost ?? 0), 0);
    expect(sum).toBeCloseTo(100 - 84, 1);
    expect((await visitor.get(address(0, 1))).body).toMatch(/Doubt.*4 tries.*−6.*[Ss]tars.*\+4/s);
  });

  it('shows four at most, each of which can be left out, and says what it leaves out', async () => {
    const { visitor, list, address } = await open();
    const { body } = await visitor.get(`${address(0, 1, 2, 3, 4)}&p=${'0'.repeat(32)}`);
    const heads = [...body.matchAll(/scope="col">.*?<a [^>]*href="\/services\/dnsservice\/providers\/(\w+)/gs)].map(
      ([, id]) => id,
    );
    expect(heads).toEqual(list.slice(0, 4).map(({ provider }) => provider.id));
    expect(body).toContain('1 more is left out');
    expect(body).toContain('1 of them is no longer announced');
    expect(body).toContain(`href="${address(1, 2, 3).replaceAll('&', '&amp;')}" aria-label="Remove node1"`);
    expect((await visitor.get(address(0, 1))).body).not.toContain('aria-label="Without');
  });

  it.each(['', '?p=', '?p=x', '?p[]=1'])('asks for more where it has fewer than two, or refuses: %s', async (query) => {
    const { visitor } = await open();
    const { statusCode, body } = await visitor.get(`/services/dnsservice/compare${query}`);
    expect(statusCode).toBe(query === '?p=' || query === '?p=x' ? 400 : 200);
    if (statusCode === 200) expect(body).toContain('Tick two to four providers');
  });

  it('does not tell readers what the owner has pinned or hidden', async () => {
    const { visitor, list, address } = await open();
    web.panel.lists.set(
      'dnsservice',
      list.map((row) => ({ ...row, hidden: true, pinned: true })),
    );
    const { body } = await visitor.get(address(0, 1));
    expect(body).toContain('node1');
    expect(body).not.toMatch(/pinned|hidden provider/i);
  });
});

describe('its drawings', () => {
  const words = loadLocales()('en');
  const since = Date.parse('2026-11-01');
  const day = (date: number, rtt: number | null) => ({
    ...{ day: `2026-11-0${date}`, attempts: 4, answered: 2, score: null, rtt, answer: null },
  });
  const drawn = overlays(
    [
      { name: 'one', days: [day(1, 10), day(2, 20), day(3, null), day(4, 5)] },
      { name: 'two', days: [day(1, 0)] },
      { name: 'three', days: [] },
    ],
    since,
    Date.parse('2026-11-05'),
    words,
  );

  it('share one scale, and are broken where a day has no figure', () => {
    expect(drawn.map(({ id, top }) => [id, top])).toEqual([
      ['answers', '100%'],
      ['rtt', '20\u00a0ms'],
    ]);
    expect(drawn[1]?.lines).toEqual(['M0 50h0L150 0M450 75h0', 'M0 100h0', '']);
  });

  it('say the newest figure of each to who cannot see them', () => {
    expect(drawn[1]?.summary).toBe('one 5\u00a0ms, two 0\u00a0ms');
  });
});

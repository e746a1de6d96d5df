/** What is around this node: how far the neighbours are, and how the services fared, as data of the drawings. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Ranked } from '../../plugin/model/ranked.js';
import { loadLocales } from '../../plugin/present/i18n.js';
import { distanceModel, nodesAround, providersAround } from '../../plugin/present/pictures/distance.js';
import { stripModel } from '../../plugin/present/pictures/health.js';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { NOW, NUMBERLESS, ranked } from './fake-panel.js';

const words = loadLocales()('en');
const DAY = 86_400_000;
const today = Math.floor(NOW / DAY);
const at = (index: number, rtt: number | null, more: Parameters<typeof ranked>[2] = {}) =>
  ranked('dnsservice', index, { path: { rtt, jitter: null, loss: null }, ...more });
const failing = (index: number) =>
  ranked('dnsservice', index, { ...NUMBERLESS, level: 0, score: 0, reason: 'timeout', failures: 1 });
const listed = (...ids: string[]) => ids.map((id, index) => ranked('dnsservice', index, { provider: { id } }));
const draw = (rows: readonly Ranked[]) => distanceModel(providersAround({ title: 'DNS', rows }), words);
const out = ({ x, y }: { x: number; y: number }) => Math.hypot(x - 50, y - 50);

describe('the distances', () => {
  it('are lengths from the middle, with rings that fit, and those who do not answer outside', () => {
    const { rings, dots, silent } = draw([at(1, 3), at(2, 12), at(3, 60), failing(4)]);
    expect(rings.map(({ text }) => text)).toEqual(['5\u00a0ms', '20\u00a0ms', '80\u00a0ms']);
    const lengths = dots.map(out);
    expect(lengths).toEqual(lengths.toSorted((a, b) => a - b));
    expect(dots.map(({ time }) => time)).toEqual(['3\u00a0ms', '12\u00a0ms', '60\u00a0ms', '']);
    expect(lengths[3]).toBeCloseTo(silent ?? 0, 0);
    expect(draw([at(1, 3)]).rings[2]?.text).toBe('5\u00a0ms');
    expect(draw([at(1, 3)]).silent).toBeNull();
  });

  it('keep everybody in place when somebody else comes, and all dots and names apart', () => {
    const many = Array.from({ length: 200 }, (_, index) => at(index, 2 + index / 3));
    const { dots, rows, more } = draw(many);
    expect([rows.length, more]).toEqual([60, 140]);
    for (const [index, one] of dots.entries())
      for (const other of dots.slice(index + 1))
        expect(Math.hypot(one.x - other.x, one.y - other.y)).toBeGreaterThan(4);
    expect(dots.every(({ x, y }) => x > 0 && x < 100 && y > 0 && y < 100)).toBe(true);
    const [first] = draw([at(1, 3)]).dots;
    expect(draw([at(1, 3), at(2, 4.5)]).dots[0]).toMatchObject({ x: first?.x, y: first?.y });
  });

  it('name the recommended one and the nearest on a phone, with no name on another or on a dot', () => {
    for (let seed = 0; seed < 40; seed++) {
      const rows = Array.from({ length: 30 }, (_, index) =>
        at(index + seed * 30, 2 + index * 3, {
          recommended: index === 20,
          provider: { node: `Barri-de-Dalt-${seed}-${index}` },
        }),
      );
      const dots = draw(rows).dots.filter(({ isRoomy }) => !isRoomy);
      const named = dots.filter(({ narrow }) => narrow);
      expect(named[0]?.recommended).toBe(true);
      expect(named.length).toBeGreaterThanOrEqual(4);
      const boxes = named.map(({ x, y, narrow }) => {
        const { text = '', anchor = 'start', dx = 0, dy = 0 } = narrow ?? {};
        const left = 2.64 * x + dx - { start: 0, middle: 0.5, end: 1 }[anchor] * 7 * text.length;
        return { left, right: left + 7 * text.length, middle: 2.64 * y + dy - 4 };
      });
      for (const [index, one] of boxes.entries()) {
        expect([one.left >= -0.1, one.right <= 264.1]).toEqual([true, true]);
        for (const other of boxes.slice(index + 1))
          expect(
            one.left >= other.right || one.right <= other.left || Math.abs(one.middle - other.middle) >= 15.9,
          ).toBe(true);
        for (const { x, y } of dots) {
          const [cx, cy] = [2.64 * x, 2.64 * y];
          expect(cx < one.left || cx > one.right || Math.abs(cy - one.middle) >= 8).toBe(true);
        }
      }
    }
  });

  it('draw the recommended one, however far it is', () => {
    const rows = Array.from({ length: 100 }, (_, index) => at(index, 2 + index, { recommended: index === 99 }));
    expect(draw(rows).dots[0]).toMatchObject({ recommended: true, name: 'node99' });
    expect(draw(rows).rows.at(-1)?.name).toBe('node99');
  });

  it('cut a long name between what a reader takes for characters', () => {
    for (let length = 1; length < 40; length++) {
      const provider = { node: `${'x'.repeat(length)}👩‍👩‍👧${'y'.repeat(40)}` };
      const texts = JSON.stringify(draw([at(1, 3, { provider })]).dots);
      expect(texts).not.toMatch(/\\ud|\u200d…/);
    }
  });

  it('show a node once, by its best time and state, with all that it offers', () => {
    const offers = [
      { title: 'DNS', rows: [at(1, 9), at(2, 4, { provider: { self: true } })] },
      { title: 'Web', rows: [at(1, 7), { ...at(3, 5), hidden: true }] },
    ];
    expect(nodesAround(offers)).toMatchObject([{ name: 'node1', rtt: 7, services: ['DNS', 'Web'], id: null }]);
  });

  it('say of a guess that it is one', () => {
    expect(draw([ranked('dnsservice', 1, { ...NUMBERLESS, score: null, measuredAt: null })]).dots[0]?.time).toBe('');
    const guessed = { ...ranked('dnsservice', 1, { ...NUMBERLESS, score: null, measuredAt: null }), estimate: 12 };
    expect(draw([guessed]).dots[0]?.time).toBe('≈ 12\u00a0ms');
  });
});

describe('a strip', () => {
  const days = [
    { day: today - 40, tried: 4, working: 4 },
    { day: today - 1, tried: 4, working: 2 },
    { day: today, tried: 4, working: 0 },
  ];
  const spans = (of: Record<string, [number, number]>) =>
    new Map(Object.entries(of).map(([id, [first, last]]) => [id, { first: today - first, last: today - last }]));

  it('has a stroke for each day, as high as the share that worked', () => {
    const strip = stripModel({ days, tried: spans({}) }, listed('a', 'b'), words, NOW);
    expect(strip?.paths).toEqual({ good: 'M198 24v-24', fair: 'M354 24v-12', poor: 'M358 24v-3' });
    expect(strip).toMatchObject({ providers: 2, newest: '0 of 4 worked on Nov 20' });
    expect(strip?.label).toBe('On 3 days measured, 50% of the providers worked');
    const silent = ranked('dnsservice', 3, { level: 2, unproven: true });
    const answered = stripModel({ days, tried: spans({}) }, [...listed('a'), silent], words, NOW);
    expect(answered).toMatchObject({ newest: '0 of 4 answered on Nov 20' });
    expect(stripModel(undefined, listed('a'), words, NOW)).toBeNull();
  });

  it('counts who is new and who is gone this week, once there is a week to compare with', () => {
    const tried = spans({ old: [40, 0], fresh: [2, 0], gone: [40, 3], longGone: [40, 20] });
    expect(stripModel({ days, tried }, listed('old', 'fresh'), words, NOW)).toMatchObject({ added: 1, gone: 1 });
    expect(stripModel({ days: days.slice(1), tried }, listed('old', 'fresh'), words, NOW)).toMatchObject({ added: 0 });
  });
});

describe('the pages', () => {
  let web: TestWeb;
  afterEach(() => web.app.close());

  it('lead to a node, and where it has no name to what it offers', async () => {
    web = await startWeb();
    const [named, nameless] = [at(1, 9), at(2, 4, { provider: { node: '', host: 'nas.local' } })];
    web.panel.lists.clear();
    web.panel.lists.set('dnsservice', [named, nameless]);
    const { body } = await new Visitor(web).get('/');
    const links = [...body.matchAll(/<th scope="row"><a href="([^"]+)">/g)].map(([, link]) => link);
    expect(links).toEqual([`/services/dnsservice/providers/${nameless.provider.id}`, '/nodes/node1']);
  });

  it('show both, as a drawing and as text, and the new day at once', async () => {
    web = await startWeb();
    const { attempts, history } = web.panel.store;
    const provider = web.panel.lists.get('dnsservice')?.[0]?.provider.id ?? '';
    const visitor = new Visitor(web);
    expect((await visitor.get('/services/dnsservice')).body).not.toContain('id="health"');
    attempts.add({ provider, type: 'dnsservice', bytes: 1, at: NOW, level: 4, reason: null, samples: [], facts: {} });
    history.note('dnsservice', provider, 60);
    web.panel.lists.set('dnsservice', [...(web.panel.lists.get('dnsservice') ?? [])]);
    for (const page of ['/', '/services/dnsservice']) {
      const { body } = await visitor.get(page);
      expect(body).toContain('1 of 1 answered on Nov 20');
      expect(body).toMatch(/<svg class="cs-map" role="group"/);
      expect(body).toContain('<th scope="col">Round-trip time</th>');
    }
    expect(history.health(NOW - 9 * DAY).get('dnsservice')?.days).toEqual([{ day: today, tried: 1, working: 1 }]);
  });
});

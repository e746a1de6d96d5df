/** The rows of a type's list: what each says by its sign, its words and its chips. */
import { afterEach, describe, expect, it } from 'vitest';
import { NOT_TRIED } from '../../plugin/store/index.js';
import { startWeb, type TestWeb, Visitor } from './app.js';
import { NUMBERLESS, ranked } from './fake-panel.js';

let web: TestWeb;
afterEach(() => web.app.close());

async function open(): Promise<Visitor> {
  web = await startWeb();
  return new Visitor(web);
}

/** The rows of the list, each as it is written. */
const tableRows = (body: string) => [...body.matchAll(/<tr id="p-.*?<\/tr>/gs)].map(([row]) => row);

describe('a row', () => {
  it('says that a provider failed the last probe, and does not call it good', async () => {
    const visitor = await open();
    const list = [ranked('dnsservice', 1, { score: 90, failures: 1 })];
    web.panel.lists.set('dnsservice', list);
    const { body } = await visitor.get('/services/dnsservice');
    expect(tableRows(body)).toEqual([expect.stringMatching(/cs-is-weak.*>its last try failed </s)]);
    // Of what is never scored too, though its port was open once.
    const opened = { ...NUMBERLESS, level: 2 as const, score: null, reason: 'not-checked' as const, failures: 1 };
    web.panel.lists.set('tincvpn', [ranked('tincvpn', 1, opened)]);
    const tinc = tableRows((await visitor.get('/services/tincvpn')).body);
    expect(tinc).toEqual([expect.stringMatching(/cs-is-weak.*>its last try failed </s)]);
  });

  it('says of what was never tried when it will be', async () => {
    const visitor = await open();
    const never = { ...NUMBERLESS, score: null, level: 0 as const, samples: 0, attempts: 0, measuredAt: null };
    const own = ranked('dnsservice', 3, { ...never, provider: { self: true } });
    web.panel.lists.set('dnsservice', [ranked('dnsservice', 1), ranked('dnsservice', 2, never), own]);
    const owner = await new Visitor(web).login();
    const said = async (person: Visitor) => {
      const rows = tableRows((await person.get('/services/dnsservice')).body);
      return rows.map((row) => /not measured yet.*?<small[^>]*>([^<]*)</s.exec(row)?.[1] ?? null);
    };
    const [byHand, byOwner] = ['press “Scan now”', 'when the owner scans'];
    expect(await said(owner)).toEqual([null, byHand, byHand]);
    expect(await said(visitor)).toEqual([null, byOwner, byOwner]);
    web.panel.background.on();
    const byTurn = 'in the background, when its turn comes';
    expect(await said(owner)).toEqual([null, byTurn, byHand]);
    expect(await said(visitor)).toEqual([null, byTurn, byOwner]);
    const page = `/services/dnsservice/providers/${ranked('dnsservice', 2).provider.id}`;
    expect((await visitor.get(page)).body).toContain(byTurn);
    // Of one alone there is no choice.
    web.panel.lists.set('dnsservice', [ranked('dnsservice', 2, never)]);
    expect(await said(owner)).toEqual([byHand]);
  });

  it('says that a provider answers poorly below 50 points only', async () => {
    const visitor = await open();
    const scores = [50, 49.99];
    const list = scores.map((score, at) => ranked('dnsservice', at + 1, { score, recommended: at === 0 }));
    web.panel.lists.set('dnsservice', list);
    const rows = tableRows((await visitor.get('/services/dnsservice')).body);
    expect(rows).toEqual([
      expect.stringMatching(/cs-is-good.*>works </s),
      expect.stringMatching(/cs-is-weak.*>works, but poorly </s),
    ]);
  });

  it('does not call a low score poor while this node was too busy to time the answers', async () => {
    const visitor = await open();
    const one = ranked('dnsservice', 1, { score: 40 });
    const parts = one.parts.map((part) => (part.metric === 'answer' ? { ...part, value: null } : part));
    web.panel.lists.set('dnsservice', [{ ...one, parts }]);
    const [row] = tableRows((await visitor.get('/services/dnsservice')).body);
    expect(row).toMatch(/cs-is-good.*>works </s);
  });

  it('says with one word that it works, and in steps how much of it was proven', async () => {
    const visitor = await open();
    const steps = async (level: 2 | 3 | 5, more: Partial<Parameters<typeof ranked>[2]> = {}) => {
      web.panel.lists.set('dnsservice', [ranked('dnsservice', 1, { level, ...more })]);
      const [row = ''] = tableRows((await visitor.get('/services/dnsservice')).body);
      return row.replaceAll(/\s+/g, ' ');
    };
    expect(await steps(3)).toMatch(/<span>works <svg[^>]*role="img"><title>Checked 3 of 5: responds as it should</);
    expect(await steps(5)).toMatch(/<span>works <svg[^>]*role="img"><title>Checked 5 of 5: works from here</);
    expect(await steps(2, { ...NUMBERLESS, score: 0, reason: 'closed' })).not.toContain('cs-meter');
  });

  it('shows each state by a shape of its own', async () => {
    const visitor = await open();
    const { body } = await visitor.get('/services/dnsservice');
    const signs = new Map(
      [...body.matchAll(/<symbol id="cs-(\w+)"[^>]*>(.*?)<\/symbol>/g)].map(([, name = '', drawing]) => [
        name,
        drawing,
      ]),
    );
    const shown = [...body.matchAll(/class="cs-shape cs-is-(\w+)"[^>]*><use href="#cs-(\w+)"/g)];
    const states = new Set(shown.map(([, state]) => state));
    for (const [, state, sign] of shown) expect(sign).toBe(state);
    expect([...states].sort()).toEqual(['barred', 'failed', 'good', 'new', 'unchecked', 'unproven', 'weak']);
    // Those of an own service too.
    const all = [...states, 'running', 'stopped', 'starting', 'absent'].map((state) => signs.get(state ?? ''));
    expect(all).not.toContain(undefined);
    expect(new Set(all).size).toBe(all.length);
  });

  it('says once that the provider was not measured yet, in the list and on its page', async () => {
    const visitor = await open();
    const never = { ...NUMBERLESS, score: null, level: 0 as const, samples: 0, attempts: 0, measuredAt: null };
    const one = ranked('dnsservice', 1, never);
    web.panel.lists.set('dnsservice', [one]);
    const [row = ''] = tableRows((await visitor.get('/services/dnsservice')).body);
    expect(row.match(/not measured yet/g)).toHaveLength(1);
    expect(row).not.toMatch(/no score|not yet</);
    const { body } = await visitor.get(`/services/dnsservice/providers/${one.provider.id}`);
    expect(body.match(/not measured yet/g)).toHaveLength(1);
    expect(body).not.toMatch(/no score|not yet</);
    web.panel.lists.set('dnsservice', [{ ...one, estimate: 12 }]);
    expect(tableRows((await visitor.get('/services/dnsservice')).body)[0]).toContain('estimated by Serf');
  });

  it('shows the sources, stale announcements, recent availability and the owner’s marks', async () => {
    const visitor = await open();
    const bar = Uint8Array.from({ length: 30 }, (_, day) => (day < 27 ? NOT_TRIED : day === 28 ? 0 : 100));
    const [marked, plain] = [
      {
        ...ranked('dnsservice', 1, { provider: { stale: true, sources: ['serf', 'list', 'avahi'] } }),
        ...{ asGood: true, pinned: true },
      },
      ranked('dnsservice', 2, { provider: { sources: ['demo'] } }),
    ] as const;
    web.panel.lists.set('dnsservice', [marked, plain]);
    const { type } = web.panel;
    web.panel.type = async (word) => ({ ...(await type(word)), bars: new Map([[marked.provider.id, bar]]) });
    const rows = async () => tableRows((await visitor.get('/services/dnsservice')).body);
    const chips = (row = '') => [...row.matchAll(/<span class="cs-chip[^"]*">([^<]+)</g)].map(([, text]) => text);
    const sources = ['Serf', 'own list', 'Avahi'];
    const [asReader, other] = await rows();
    expect(chips(asReader)).toEqual(['as good as the best', 'unconfirmed', ...sources]);
    expect(chips(other)).toEqual(['demo']);
    expect(asReader).toContain('aria-label="Answered every time on 2 of the 3 days measured"');
    expect(other).not.toContain('Answered every time');
    await visitor.login();
    const [asOwner] = await rows();
    expect(chips(asOwner)).toEqual(['as good as the best', 'unconfirmed', ...sources]);
    // Apart, for the eye and for who hears them.
    expect(asOwner).not.toMatch(/<\/span><span class="cs-chip/);
    // Who is recommended is so among its equals, and need not be told as good as itself.
    web.panel.lists.set('dnsservice', [{ ...marked, recommended: true }]);
    const [best] = await rows();
    expect(chips(best)).toEqual(['Recommended', 'unconfirmed']);
  });
});

/** What neighbours' panels have said of a provider, in words. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Experience } from '../../plugin/community/evidence.js';
import { startWeb, Visitor } from './app.js';
import { problemOf } from './described.js';
import { NOW, NUMBERLESS, ranked } from './fake-panel.js';

const TYPE = 'dnsservice';
const path = (id: string) => `/services/${TYPE}/providers/${id}`;

const experience = (node: string, more: Partial<Experience> = {}): Experience => ({
  ...{ node, level: 4, looks: 12, ageHours: 3, mark: 82, answered: 96 },
  ...more,
});
const lost = (node: string) => experience(node, { mark: 0, answered: 50, level: 0 });
const never = (node: string) => experience(node, { mark: 0, answered: 0, level: 0 });

const untried = ranked(TYPE, 1, {
  ...{ ...NUMBERLESS, score: null, level: 0, samples: 0, attempts: 0, measuredAt: null },
});
const good = ranked(TYPE, 2);
const failed = ranked(TYPE, 3, { ...NUMBERLESS, level: 0, score: 0, reason: 'timeout', samples: 0, attempts: 2 });
const own = ranked(TYPE, 4, { provider: { self: true } });

async function start() {
  const web = await startWeb();
  onTestFinished(() => web.app.close());
  web.panel.lists.set(TYPE, [untried, good, failed, own]);
  const said = new Map<string, readonly Experience[]>();
  web.panel.community.about = (id) => said.get(id) ?? [];
  // Readers share a page for a second.
  const owner = await new Visitor(web, { 'accept-language': 'en' }).login();
  const text = async (of: typeof good, ...experiences: readonly Experience[]) => {
    said.set(of.provider.id, experiences);
    const { body } = await owner.get(path(of.provider.id));
    return /id="fare">.*?<p>(.*?)<\/p>/s.exec(body)?.[1] ?? null;
  };
  return { ...web, owner, said, text };
}

describe('a provider’s page', () => {
  it('says of one that was never tried who has reached it this week', async () => {
    const { text } = await start();
    expect(await text(untried, experience('can-mas'), experience('escola'), experience('la-torre'), never('z'))).toBe(
      'You have not tried it. 3 of 4 neighbours reached it this week (can-mas, escola, la-torre).',
    );
    expect(await text(untried, experience('can-mas'))).toBe('You have not tried it. can-mas reached it this week.');
    expect(await text(untried, never('a'), never('b'))).toContain('None of 2 neighbours');
  });

  it('says where neighbours fare otherwise than this node', async () => {
    const { text } = await start();
    const four = ['a', 'b', 'c', 'd'];
    expect(await text(good, ...four.map(lost), experience('e'))).toBe(
      '4 of 5 neighbours do not reach what you reach (a, b, c, d).',
    );
    expect(await text(good, experience('a'), lost('b'))).toBe('1 of 2 neighbours reach it, too (a).');
    expect(await text(failed, ...four.map((node) => experience(node)))).toContain('You do not reach it, but 4 of 4');
    expect(await text(failed, lost('a'), never('b'))).toBe('None of 2 neighbours reaches it either.');
  });

  it('says of one’s own service how neighbours see it, and when nobody has said anything', async () => {
    const { text, panel, owner } = await start();
    expect(await text(own, experience('a'), experience('b'), lost('c'))).toBe('2 of 3 neighbours reach it (a, b).');
    expect((await owner.get(path(own.provider.id))).body).toContain('How neighbours see me');
    expect(await text(own, lost('a'), lost('b'))).toContain('check its port and the firewall');
    expect(await text(own)).toBeNull();
    await panel.community.on();
    expect(await text(own)).toBe('No neighbour has said anything about it yet.');
  });

  it('lists each with its figures, five names in the sentence, and shows a stranger’s name only as text', async () => {
    const { text, owner } = await start();
    const many = ['<i>a</i>', 'b', 'c', 'd', 'e', 'f', 'g'].map((node) => experience(node, { stars: 4 }));
    expect(await text(good, ...many)).toContain('(&lt;i&gt;a&lt;/i&gt;, b, c, d, e, …)');
    const { body } = await owner.get(path(good.provider.id));
    expect(body.match(/answered 96.?% of 12 tries/g)).toHaveLength(7);
    expect(body).not.toContain('<i>a</i>');
    expect(body).toContain(`datetime="${new Date(NOW - 3 * 3_600_000).toISOString()}"`);
  });

  it('has no such part where nobody says anything', async () => {
    const { text } = await start();
    expect([await text(good), await text(untried)]).toEqual([null, null]);
  });

  it('tells how busy its node is, by the node’s own word', async () => {
    const { panel, owner } = await start();
    const page = async () => (await owner.get(path(good.provider.id))).body;
    expect(await page()).not.toContain('The node says of itself');
    panel.community.declared = (node) =>
      node === good.provider.node ? { upDays: 1, load: 250, memory: 40, disk: null } : null;
    expect(await page()).toMatch(
      /of itself<\/dt><dd>load of 250.?% per core · 40.?% of its memory free · up for 1 day</,
    );
  });

  it('is answered to programs as described', async () => {
    const { owner, said } = await start();
    said.set(good.provider.id, [experience('a', { mark: null }), experience('b', { stars: 2 })]);
    const answer = await owner.get(`/api/v1${path(good.provider.id)}`);
    expect(problemOf('GET', '/api/v1/services/:type/providers/:id', answer)).toBeNull();
    expect(answer.json().heard.neighbours).toMatchObject([
      { node: 'a', mark: null, stars: null, reaches: true },
      { node: 'b', stars: 2 },
    ]);
  });
});

it('the page of a type says beside one’s own service how neighbours see it', async () => {
  const { owner, said } = await start();
  said.set(own.provider.id, [experience('a'), lost('b')]);
  const { body } = await owner.get(`/services/${TYPE}`);
  expect(body).toContain('1 of 2 neighbours reach it (a).');
  expect(body).toContain(`${path(own.provider.id)}#fare`);
});

/** From what a neighbour sends to what it does here: an expectation, a name beside it, a look, and nothing once it is off. */
import { expect, it, onTestFinished } from 'vitest';
import { Hearing } from '../../plugin/community/hearing.js';
import { memoryStore, ranked } from '../web/fake-panel.js';
import { content, HOUR, NOW, newKey, row, sent } from './made.js';
import { neighbour } from './neighbour.js';
import { attempt, communityOn, TYPE, world } from './world.js';

const ROUND = 12 * HOUR;
const [best, untried] = [ranked(TYPE, 1, { recommended: true }), ranked(TYPE, 2)];
/** Measured on both sides: whoever agrees on them is believed. */
const common = Array.from({ length: 5 }, (_, nth) => ranked(TYPE, 10 + nth));
const rows = (mark: number) => [
  row({ provider: best.provider.id, mark, ageHours: 0 }),
  row({ provider: untried.provider.id, mark: 90 }),
  ...common.map(({ provider, score }) => row({ provider: provider.id, mark: Math.round(Number(score)) })),
];

it('says who fares how, starts a look where the recommended one is lost, and forgets it all when it is off', async () => {
  const key = newKey();
  let answer = sent({ rows: rows(80) }, key);
  const { peer } = await neighbour('127.71.1.1', (_, response) => response.end(answer));
  const looks: string[] = [];
  const report = (_: string, provider: string) => void looks.push(provider);
  const measured = { ...best, measuredAt: NOW - 60_000 };
  const { community, clock, panel } = await world([measured, untried, ...common], { peers: [peer] }, { report });
  for (const one of common) for (const hours of [5, 2]) panel.store.attempts.add(attempt(one, hours));
  expect(community.about(best.provider.id)).toEqual([]);
  await community.on();
  await expect.poll(() => community.about(best.provider.id), { timeout: 30_000 }).toMatchObject([{ mark: 80 }]);
  expect(community.about(untried.provider.id)).toMatchObject([{ node: 'la-torre', mark: 90, answered: 96 }]);
  expect(community.hearsay.expected.get(untried.provider.id)).toBeGreaterThan(0.5);
  expect(looks).toEqual([]);
  const { version } = community.hearsay;

  await community.off();
  expect([community.about(best.provider.id), community.hearsay.expected.size]).toEqual([[], 0]);
  expect(community.hearsay.version).toBeGreaterThan(version);

  clock.now += ROUND;
  answer = sent({ at: clock.now / 1_000, rows: rows(0) }, key);
  await community.on();
  await expect.poll(() => looks, { timeout: 30_000 }).toEqual([best.provider.id]);
  expect(community.about(best.provider.id)).toMatchObject([{ mark: 0 }]);
});

it('looks at the word of one that was wrong once a day, and of another one all the same', async () => {
  let now = NOW;
  let [failures, measuredAt] = [0, NOW - 2 * HOUR];
  let looks = 0;
  const hearing = new Hearing({
    discovery: { find: () => ({ node: 'other', address: '10.0.0.9' }) as never },
    store: { peers: memoryStore(() => now).peers },
    time: { now: () => now },
    ranking: () => [{ ...best, failures, measuredAt }],
    report: () => {
      looks += 1;
    },
    own: async () => [],
  });
  onTestFinished(() => hearing.close());
  const lost = (node: string) => ({ ...content({ node, rows: rows(0).slice(0, 1) }), key: node });
  const says = async (node: string) => {
    now += HOUR;
    const before = looks;
    await hearing.heard(lost(node), null);
    return looks - before;
  };
  /** This node looks for itself. */
  const isSeen = (fails: number) => {
    [failures, measuredAt] = [fails, now + 60_000];
  };
  expect(await says('liar')).toBe(1);
  expect(await says('liar')).toBe(1);
  isSeen(0);
  expect(await says('liar')).toBe(0);
  expect(await says('honest')).toBe(1);
  isSeen(1);
  expect(await says('honest')).toBe(1);
  expect(await says('liar')).toBe(0);
  now += 24 * HOUR;
  expect(await says('liar')).toBe(1);
});

it('is there at once after a restart', async () => {
  const { peer } = await neighbour('127.72.1.1', (_, response) => response.end(sent({ rows: rows(80) })));
  const here = await world([best, untried], { peers: [peer] });
  await here.community.on();
  await expect.poll(() => here.community.about(best.provider.id).length, { timeout: 30_000 }).toBe(1);
  await here.community.close();
  const next = communityOn(here.panel, { dataDir: here.dataDir, peers: [peer] });
  await next.start();
  await expect.poll(() => next.about(best.provider.id).length, { timeout: 30_000 }).toBe(1);
  await next.close();
});

it('hears how a member of Serf is doing for a day, and believes nobody else about it', async () => {
  const here = await world([best]);
  await here.community.on();
  const { peers } = here.panel.store;
  const document = sent().toString();
  const said = { key: 'k', since: NOW, at: NOW / 1_000, receivedAt: NOW, rtt: 1, document };
  const peer = { node: 'la-torre', address: '10.0.0.1', askedAt: NOW, problem: null, said };
  peers.put({ ...peer, peer: 'list 10.0.0.1:7002' });
  expect(here.community.declared('la-torre')).toBeNull();
  peers.put({ ...peer, peer: 'serf la-torre' });
  expect(here.community.declared('la-torre')).toEqual({ upDays: 12, load: 40, memory: 60, disk: 30 });
  here.clock.now += 24 * 3_600_000 + 1;
  expect(here.community.declared('la-torre')).toBeNull();
});

/** What has just failed here: a few neighbours are asked out of turn, and whoever is asked so asks back. */
import { get } from 'node:http';
import { expect, it } from 'vitest';
import { NEWS_HEADER, PATH } from '../../plugin/community/listener.js';
import { ranked } from '../web/fake-panel.js';
import { HOUR, NOW, newKey, row, sent } from './made.js';
import { neighbour } from './neighbour.js';
import { attempt, TYPE, world } from './world.js';

const DAY = 24 * HOUR;

/** A panel of five neighbours, which has asked all of them once. */
async function village(prefix: string) {
  const news: string[] = [];
  const neighbours = await Promise.all(
    [1, 2, 3, 4, 5].map(async (nth) => {
      const key = newKey();
      const state = { answer: sent({ node: `n${nth}` }, key), key };
      const made = await neighbour(`${prefix}.${nth}.1`, ({ headers }, response) => {
        if (headers[NEWS_HEADER.toLowerCase()] !== undefined) news.push(`n${nth}`);
        response.end(state.answer);
      });
      return { ...made, state };
    }),
  );
  const best = { ...ranked(TYPE, 1, { recommended: true }), measuredAt: NOW - 60_000 };
  const looks: string[] = [];
  const report = (_: string, provider: string) => void looks.push(provider);
  const shareListen = { host: `${prefix}.9.1`, port: 0 };
  const here = await world([best], { peers: neighbours.map(({ peer }) => peer), shareListen }, { report });
  await here.community.on();
  const { peers } = here.panel.store;
  await expect.poll(() => peers.all().filter(({ said }) => said !== null).length, { timeout: 30_000 }).toBe(5);
  const count = () => neighbours.reduce((sum, { asked }) => sum + asked.count, 0);
  /** The provider answers, and fails after that. */
  const fails = (failures = 1) => {
    here.panel.lists.set(TYPE, [{ ...best, failures, measuredAt: here.clock.now }]);
    here.community.measured(TYPE, [best.provider.id]);
  };
  /** The neighbour says that it has news, and is asked for it. */
  const asks = async (nth: number) => {
    const before = count();
    await tell(here.community.status().address, `${prefix}.${nth}.1`);
    await expect.poll(() => count() - before, { timeout: 30_000 }).toBe(1);
  };
  return { ...here, best, neighbours, news, looks, count, fails, asks };
}

it('is told to four, with the failure in the document, and three times a day at most', async () => {
  const { panel, community, best, news, count, fails, clock, read } = await village('127.73');
  for (const hours of [5, 2]) panel.store.attempts.add(attempt(best, hours));
  expect((await read()).rows).toEqual([]);
  panel.store.attempts.add(attempt(best, 0.01, false));
  fails(0);
  fails(2);
  expect([count(), news]).toEqual([5, []]);
  fails();
  await expect.poll(() => news.length, { timeout: 30_000 }).toBe(4);
  // The document is made anew for it.
  expect((await read()).rows).toMatchObject([{ provider: best.provider.id, level: 0 }]);
  for (let again = 0; again < 5; again += 1) fails();
  await expect.poll(() => news.length, { timeout: 30_000 }).toBe(12);
  clock.now += DAY;
  fails();
  await expect.poll(() => news.length, { timeout: 30_000 }).toBe(16);
  await community.off();
  fails();
  expect(count()).toBe(5 + 16);
});

it('is followed: who tells it is asked, and what it has lost is looked at here', async () => {
  const { community, best, neighbours, looks, clock } = await village('127.74');
  const [first] = neighbours;
  if (!first) throw new Error('nobody is there');
  const failed = [row({ provider: best.provider.id, level: 0, ageHours: 0 })];
  clock.now += HOUR;
  first.state.answer = sent({ node: 'n1', at: clock.now / 1_000, rows: failed }, first.state.key);
  await tell(community.status().address, '127.74.1.1');
  await expect.poll(() => looks, { timeout: 30_000 }).toEqual([best.provider.id]);
  expect(first.asked.count).toBe(2);
});

it('of a stranger is not followed, nor that of one more than once an hour, or of all more than eight times a day', async () => {
  const { community, neighbours, count, clock, asks } = await village('127.75');
  const { address } = community.status();
  await tell(address, '127.75.77.1');
  for (const nth of [1, 2, 3, 4, 5]) await asks(nth);
  await tell(address, '127.75.1.1');
  clock.now += HOUR;
  for (const nth of [1, 2, 3]) await asks(nth);
  await tell(address, '127.75.4.1');
  clock.now += DAY;
  await asks(5);
  expect(count()).toBe(5 + 9);
  expect(neighbours.map(({ asked }) => asked.count)).toEqual([3, 3, 3, 2, 3]);
});

it('is still told once where others have told as much as they may', async () => {
  const { news, count, fails, clock, asks } = await village('127.76');
  for (const nth of [1, 2, 3, 4, 5]) await asks(nth);
  clock.now += HOUR;
  for (const nth of [1, 2, 3]) await asks(nth);
  fails();
  fails();
  await expect.poll(() => news.length, { timeout: 30_000 }).toBe(4);
  clock.now += DAY;
  fails();
  await expect.poll(() => news.length, { timeout: 30_000 }).toBe(8);
  expect(count()).toBe(5 + 8 + 8);
});

/** Asks for the document from that address, with the word that there is news. Resolves once it is answered. */
async function tell(address: string | null, localAddress: string): Promise<void> {
  const [host = '', port = ''] = String(address).split(':');
  await new Promise<void>((resolve, reject) => {
    get({ host, port, path: PATH, localAddress, headers: { [NEWS_HEADER]: '1' }, agent: false }, (response) => {
      response.resume().once('end', resolve);
    }).once('error', reject);
  });
}

/** Telling neighbours: off until it is turned on, first-hand only, and no more than was agreed to. */
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { PATH } from '../../plugin/community/listener.js';
import { PanelError } from '../../plugin/model/errors.js';
import { fakePanel, NOW, ranked } from '../web/fake-panel.js';
import { HOUR } from './made.js';
import { attempt, communityOn, TYPE, world } from './world.js';

it('does nothing while it is off, however long: no listener, no key, no request, no tag', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  let calls = 0;
  const serfClient = () => {
    calls += 1;
    throw new PanelError('serf-away', 'No agent.', 'Start it.');
  };
  const { discovery } = await fakePanel();
  const more = { discovery: { ...discovery, serfClient, estimates: async () => new Map(), close: async () => {} } };
  const here = await world([], { peers: [{ host: '127.0.0.1', port: 9 }] }, more);
  await vi.advanceTimersByTimeAsync(48 * HOUR);
  expect(here.community.status()).toMatchObject({ on: false, address: null, problem: null, peers: [] });
  expect([readdirSync(here.dataDir), calls, here.panel.store.settings.get('peers-asked')]).toEqual([[], 0, null]);
  await here.community.on();
  await vi.advanceTimersByTimeAsync(48 * HOUR);
  expect(readdirSync(here.dataDir)).toEqual(['community.key']);
  expect([calls > 0, here.panel.store.settings.get('peers-asked')]).toEqual([true, `${NOW}`]);
});

it('listens as soon as it is turned on, and no longer when it is off', async () => {
  const { community, read } = await world();
  await community.on();
  const { address } = community.status();
  expect(await read()).toMatchObject({ rows: [] });
  await community.off();
  expect(community.status()).toMatchObject({ on: false, address: null });
  await expect(fetch(`http://${address}${PATH}`)).rejects.toThrow('fetch failed');
});

it('remembers what the owner chose, against the configuration', async () => {
  const { community, panel, dataDir } = await world([], { share: true });
  expect(community.status().on).toBe(true);
  await community.off();
  const next = communityOn(panel, { share: true, dataDir });
  expect(next.status().on).toBe(false);
});

it('tells what was measured here, and how often and how well it answered', async () => {
  const [good, bad, once] = [ranked(TYPE, 1), ranked(TYPE, 2, { score: 0, level: 0 }), ranked(TYPE, 3)];
  const { community, panel, read } = await world([good, bad, once]);
  const { attempts } = panel.store;
  for (const hours of [30, 20, 10, 3]) attempts.add(attempt(good, hours, hours !== 20));
  // Within a minute: one look.
  attempts.add(attempt(good, 3 - 0.001));
  for (const hours of [9, 2, 200]) attempts.add(attempt(bad, hours, false));
  attempts.add(attempt(once, 1));
  await community.on();
  const { rows, infrastructure } = await read();
  expect(rows).toHaveLength(2);
  const told = new Map(rows.map((row) => [row.provider, row]));
  const row = { type: TYPE, ageHours: 0 };
  expect(told.get(good.provider.id)).toEqual({
    ...{ ...row, provider: good.provider.id, level: 3, looks: 4, mark: 80, answered: 75 },
  });
  expect(told.get(bad.provider.id)).toEqual({
    ...{ ...row, provider: bad.provider.id, level: 0, looks: 2, mark: 0, answered: 0 },
  });
  expect(infrastructure.upDays).toBeGreaterThanOrEqual(0);
  expect(Number(infrastructure.memory) % 10).toBe(0);
});

it('tells at once that the newest look failed, with a mark that is still good', async () => {
  const row = ranked(TYPE, 1);
  const { community, panel, read } = await world([row]);
  for (const hours of [5, 2]) panel.store.attempts.add(attempt(row, hours));
  panel.store.attempts.add(attempt(row, 0.1, false));
  await community.on();
  expect((await read()).rows).toMatchObject([{ level: 0, mark: 80, answered: 67 }]);
});

it('tells nothing of its own services, of what its owner hides, or of what may not be measured', async () => {
  const rows = [
    ranked(TYPE, 1, { provider: { self: true } }),
    { ...ranked(TYPE, 2), hidden: true },
    ranked(TYPE, 3, { provider: { barred: 'not-allowed' } }),
    ranked(TYPE, 4),
  ];
  const { community, panel, read } = await world(rows);
  for (const row of rows) for (const hours of [5, 2]) panel.store.attempts.add(attempt(row, hours));
  await community.on();
  expect((await read()).rows.map(({ provider }) => provider)).toEqual([rows[3]?.provider.id]);
});

it('tells the stars only where the owner says so, and the score always without them', async () => {
  const row = { ...ranked(TYPE, 1, { score: 30 }), unrated: { score: 71.4, low: 60, high: 80 } };
  const { community, panel, read } = await world([row]);
  for (const hours of [5, 2]) panel.store.attempts.add(attempt(row, hours));
  panel.store.opinions.rate(TYPE, row.provider.id, 2);
  await community.on();
  const [first] = (await read()).rows;
  expect(first).toMatchObject({ mark: 71 });
  expect(first).not.toHaveProperty('stars');
  community.tellStars(true);
  expect((await read()).rows[0]).toMatchObject({ mark: 71, stars: 2 });
});

it('tells everybody the same for ten minutes, and then what is new, with a later date', async () => {
  const row = ranked(TYPE, 1);
  const { community, panel, clock, read } = await world([row]);
  await community.on();
  const first = await read();
  for (const hours of [5, 2]) panel.store.attempts.add(attempt(row, hours));
  expect(await read()).toEqual(first);
  clock.now += 600_000;
  const second = await read();
  expect(second.rows).toHaveLength(1);
  expect(second.at).toBeGreaterThan(first.at);
  expect(second.key).toBe(first.key);
});

it('says what is wrong where the port is taken', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void other.close());
  const { port } = other.address() as { port: number };
  const { community } = await world([], { shareListen: { host: '127.0.0.1', port } });
  await community.on();
  expect(community.status()).toMatchObject({ on: true, address: null });
  expect(community.status().problem).toContain('EADDRINUSE');
});

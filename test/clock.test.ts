/** The wall clock goes back an hour, or forward a day: measurements, storage, permissions and pages stay right. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer, decode, encode } from 'dns-packet';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { loadConfig } from '../plugin/config/index.js';
import { AvahiSource } from '../plugin/discovery/sources/avahi/index.js';
import { createLocalServices } from '../plugin/node/systemd/index.js';
import type { Panel } from '../plugin/panel/contract.js';
import { createPanel } from '../plugin/panel/open.js';
import { Scheduler } from '../plugin/scan/scheduler.js';
import { toScore } from '../plugin/score/index.js';
import docker from '../plugin/services/Docker/index.js';
import { openStore } from '../plugin/store/index.js';
import { setOwnerPassword } from '../plugin/web/auth/password.js';
import { registerWeb } from '../plugin/web/index.js';
import { announcing, nameServers } from './name-servers.js';
import { registryOf, StandIn } from './node/stand-in.js';
import { quietPort } from './ports.js';
import { answer, createScanner, five, providerAt } from './scan/made.js';
import { PASSWORD, Visitor } from './web/app.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const JUMPS = [
  ['back an hour', -HOUR],
  ['forward a day', DAY],
] as const;

const WORD = 'dnsservice';
const LIST = `/services/${WORD}`;
const NET = 90;
const COUNT = 3;
/** What each provider adds to its answer, ms. */
const DELAY = 25;

/** All clocks of the machine; only `vi` moves them. */
function fakeClocks(): void {
  vi.useFakeTimers({ toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
}

/** The clock that the panel goes by. */
let now: number;
beforeEach(() => {
  now = Date.parse('2026-05-05T12:00:00Z');
});

describe('a panel', () => {
  let folder: string;
  let panel: Panel;
  let app: FastifyInstance;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'clock-'));
    const port = quietPort();
    const servers = await nameServers(NET, port, COUNT, DELAY);
    onTestFinished(() => servers.close());
    const standard = loadConfig({ env: {}, file: '' });
    const providersFile = announcing(folder, NET, port, COUNT).PROVIDERS_FILE as string;
    const own = {
      communityRanges: ['127.0.0.0/8'],
      serfRpc: { host: '127.0.0.1', port: 1 },
      avahi: 'off',
      hosts: ['node.example'],
    } as const;
    const config = { ...standard, ...own, dataDir: folder, providersFile, language: 'en' as const };
    panel = await createPanel(config, { demo: false, now: () => now });
    await setOwnerPassword(panel.store.settings, PASSWORD);
    await panel.discovery.ready();
    app = Fastify();
    await app.register((scope) => registerWeb(scope, panel, { now: () => now }));
  });
  afterEach(async () => {
    await app.close();
    await panel.close();
    rmSync(folder, { recursive: true });
  });

  const scan = async () => panel.jobs.ended(panel.scan(WORD).id);
  const ranked = async () => (await panel.type(WORD)).ranked;

  it.each(JUMPS)('whose clock goes %s while it measures takes the times of the network', async (_, jump) => {
    // As they are stored: a month later they are forgotten, and here a month takes 150 ms.
    const stored = vi.spyOn(panel.store.attempts, 'add');
    const { id } = panel.scan(WORD);
    const turning = setInterval(() => {
      now += jump;
    }, 5);
    expect(await panel.jobs.ended(id)).toMatchObject({ state: 'done' });
    clearInterval(turning);
    const attempts = stored.mock.calls.map(([attempt]) => attempt);
    expect(attempts.filter(({ reason }) => reason !== null)).toEqual([]);
    const times = attempts
      .flatMap((one) => (one.reason === null ? one.samples : []))
      .filter(({ metric }) => metric === 'answer');
    // At least the providers' delay, and within the limit of one try.
    expect(times.filter(({ value }) => value < DELAY - 1 || value > 2_000)).toEqual([]);
    expect(attempts.length).toBeGreaterThanOrEqual(COUNT);
  });

  it.each(JUMPS)(
    'whose clock goes %s goes on measuring, counts each attempt once, and shows nothing of the future',
    async (_, jump) => {
      await scan();
      const before = new Map((await ranked()).map(({ provider, attempts }) => [provider.id, attempts]));
      now += jump;
      expect(await scan()).toMatchObject({ state: 'done' });
      for (const { provider, attempts, score } of await ranked()) {
        expect(attempts).toBeGreaterThan(before.get(provider.id) ?? 0);
        expect(score).toBeGreaterThan(0);
      }
      const [{ provider } = { provider: { id: '' } }] = await ranked();
      for (const page of ['/', LIST, `${LIST}/providers/${provider.id}`, '/help']) {
        const { statusCode, body } = await app.inject(page);
        expect(statusCode).toBe(200);
        expect(body).not.toMatch(/\bin \d+ (second|minute|hour|day)s?\b|tomorrow/);
      }
      const days = panel.store.history.days(WORD, provider.id, now - 90 * DAY).map(({ day }) => day);
      expect(days).toEqual([...new Set(days)].sort());
      expect((await app.inject('/api/v1/node')).statusCode).toBe(200);
    },
  );

  it('never keeps its owner out for longer than the clock says, nor in for ever', async () => {
    const owner = await new Visitor({ app }).login();
    const isOwner = async () => (await owner.get('/events')).statusCode === 200;
    expect(await isOwner()).toBe(true);
    now -= HOUR;
    expect(await isOwner()).toBe(true);
    now += DAY;
    expect(await isOwner()).toBe(false);
    await owner.login();
    expect(await isOwner()).toBe(true);

    const stranger = new Visitor({ app });
    await stranger.get('/login');
    const attempt = async (password: string) => (await stranger.post('/login', { password })).statusCode;
    let status = 0;
    for (let tries = 0; tries < 8 && status !== 429; tries++) status = await attempt('wrong');
    expect(status).toBe(429);
    now -= HOUR;
    expect(await attempt(PASSWORD)).toBe(303);
  });

  it('that saw a day too far keeps within its bytes, and is not short of them for ever', async () => {
    await scan();
    const spent = () => panel.background.status().spentToday;
    const once = spent();
    expect(once).toBeGreaterThan(0);
    now += DAY + HOUR;
    expect(spent()).toBe(0);
    await scan();
    now -= DAY + HOUR;
    expect(spent()).toBeGreaterThanOrEqual(once);
    now += 2 * DAY + 2 * HOUR;
    expect(spent()).toBe(0);
  });
});

it.each(JUMPS)(
  'no attempt is forgotten before its time, and days stay in order, where the clock goes %s',
  (_, jump) => {
    const store = openStore(':memory:', () => now);
    onTestFinished(() => store.close());
    const provider = 'somebody';
    const tried = { provider, type: 'thing', bytes: 1, level: 3, reason: null, samples: [], facts: {} } as const;
    for (const at of [now, now + jump, now + jump + 1]) {
      store.attempts.add({ ...tried, at });
      now = at;
      store.history.note('thing', provider, 50);
      store.prune();
    }
    const times = store.attempts.of('thing', provider).map(({ at }) => at);
    expect(times).toHaveLength(3);
    expect(times).toEqual([...times].sort((a, b) => b - a));
    const days = store.history.days('thing', provider, now - 10 * DAY).map(({ day }) => day);
    expect(days).toEqual([...new Set(days)].sort());
  },
);

it('who failed before the clock went back an hour fails until it answers, and then no more', () => {
  const store = openStore(':memory:', () => now);
  onTestFinished(() => store.close());
  const start = now;
  const tried = { provider: 'somebody', type: docker.id, bytes: 1 } as const;
  const silence = { level: 0, reason: 'timeout', detail: null } as const;
  const answered = { level: 3, reason: null, samples: [], facts: {} } as const;
  /** At that minute of its clock, after one more attempt where that is given. */
  const score = (minute: number, outcome?: typeof silence | typeof answered) => {
    now = start + minute * MINUTE;
    if (outcome) store.attempts.add({ ...tried, at: now, ...outcome });
    return toScore(docker, store.attempts.of(docker.id, tried.provider), now).score;
  };
  expect(score(-60, answered)).toBeGreaterThan(0);
  expect([score(50, silence), score(55, silence)]).toEqual([expect.any(Number), 0]);
  expect([score(0), score(1, silence)]).toEqual([0, 0]);
  expect(score(2, answered)).toBeGreaterThan(0);
  expect(score(56)).toBeGreaterThan(0);
});

it.each(JUMPS)('unasked probes come as rarely as ever where the clock goes %s', async (_, jump) => {
  fakeClocks();
  vi.setSystemTime(new Date(2026, 4, 5, 12));
  const world = createScanner(
    five.map((address) => providerAt(address)),
    answer,
  );
  const ranking = (word: string) =>
    world.ranking(word).map((one) => ({ ...one, high: one.score, recommended: false, estimate: null, hidden: false }));
  const config = { backgroundScan: true };
  const scheduler = new Scheduler({ ...world, config, ranking, busy: async () => null, random: () => 0.5 });
  onTestFinished(async () => {
    await scheduler.close();
    await world.close();
  });
  scheduler.start();
  await vi.advanceTimersByTimeAsync(HOUR);
  const before = world.attempts().length;
  vi.setSystemTime(Date.now() + jump);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(world.attempts().length - before).toBeLessThanOrEqual(1);
  expect((scheduler.status().next ?? 0) - Date.now()).toBeLessThanOrEqual(2 * HOUR);
  // A provider measured "an hour from now" is left alone until then and its usual pause.
  await vi.advanceTimersByTimeAsync(6 * HOUR);
  expect(world.attempts().length).toBeGreaterThan(before);
});

/** A neighbour on the loopback interface that announces one service for two minutes, and records the queries. */
async function startNeighbour() {
  const instance = 'One._clocked._tcp.local';
  const records: Answer[] = [
    { type: 'PTR', name: '_clocked._tcp.local', ttl: 120, data: instance },
    { type: 'SRV', name: instance, ttl: 120, data: { target: 'clocked.local', port: 22_000 } },
    { type: 'TXT', name: instance, ttl: 120, data: [] },
    { type: 'A', name: 'clocked.local', ttl: 120, data: '10.0.0.7' },
  ];
  const answer = encode({ type: 'response', answers: records });
  const socket = createSocket({ type: 'udp4', reuseAddr: true }).bind(5353, '224.0.0.251');
  const neighbour = { queries: new Set<string>(), answers: true };
  socket.on('message', (message) => {
    // Others may ask on this interface too.
    const own = decode(message).questions?.filter(({ name }) => records.some((record) => record.name === name)) ?? [];
    for (const { type } of own) neighbour.queries.add(type);
    if (own.length > 0 && neighbour.answers) socket.send(answer, 5353, '224.0.0.251');
  });
  await once(socket, 'listening');
  socket.addMembership('224.0.0.251', '127.0.0.1');
  socket.setMulticastInterface('127.0.0.1');
  onTestFinished(() => void socket.close());
  return neighbour;
}

it.each(JUMPS)(
  'a neighbour’s announcement is refreshed in time, and dropped in time, where the clock goes %s',
  async (_, jump) => {
    fakeClocks();
    const announcer = await startNeighbour();
    const lo = (networkInterfaces().lo ?? []).filter(({ family }) => family === 'IPv4');
    const interfaces = () => ({ lo: lo.map((one) => ({ ...one, internal: false })) });
    const source = new AvahiSource({ types: ['clocked'], required: true, interfaces });
    onTestFinished(() => source.close());
    const becomes = async (is: () => boolean) => {
      while (!is()) await new Promise(setImmediate);
    };
    const heardAt = () => source.sightings().map((one) => one.heardAt)[0];
    await becomes(() => source.status().state === 'up');
    await vi.advanceTimersByTimeAsync(200);
    await becomes(() => heardAt() !== undefined);

    announcer.answers = false;
    announcer.queries.clear();
    vi.setSystemTime(Date.now() + jump);
    await vi.advanceTimersByTimeAsync(90_000);
    expect(source.sightings()).toHaveLength(1);
    expect(announcer.queries).not.toContain('SRV');
    await vi.advanceTimersByTimeAsync(10_000);
    await becomes(() => announcer.queries.has('SRV'));

    announcer.answers = true;
    const before = heardAt();
    await vi.advanceTimersByTimeAsync(10_000);
    await becomes(() => heardAt() !== before);
    announcer.answers = false;
    vi.setSystemTime(Date.now() - jump);
    await vi.advanceTimersByTimeAsync(100_000);
    expect(source.sightings()).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(source.sightings()).toEqual([]);
  },
);

it('how fresh a reading of systemd is does not depend on the wall clock', async () => {
  const programs = new StandIn();
  onTestFinished(() => programs.remove());
  const wallClock = vi.spyOn(Date, 'now');
  onTestFinished(() => wallClock.mockRestore());
  const local = createLocalServices(registryOf({ proxy3: ['squid.service'] }), { limits: { pause: 5 } });
  programs.unit('squid.service', 'inactive');
  programs.turns('start', 'squid.service', 'running');
  await local.states();
  await local.act('proxy3', 'start', new AbortController().signal);
  expect(wallClock).not.toHaveBeenCalled();
});

/** Unasked probes over simulated hours and days: when, of whom, and when not. */
import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Provider } from '../../plugin/model/provider.js';
import type { Prober } from '../../plugin/probe/index.js';
import type { Busy } from '../../plugin/scan/busy.js';
import { isDaytime } from '../../plugin/scan/plan.js';
import { Scheduler, type SchedulerDeps } from '../../plugin/scan/scheduler.js';
import type { ServiceType } from '../../plugin/services/contract.js';
import { seeded } from '../discovery/seeded.js';
import {
  answer,
  createScanner,
  five,
  type Options,
  pendingProbe,
  providerAt,
  servicesOf,
  silence,
  typeWith,
} from './made.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

beforeEach(
  () =>
    void vi.useFakeTimers({
      toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
    }),
);
const closers: (() => unknown)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const close of closers.splice(0).reverse()) await close();
});

interface Told extends Options, Partial<Pick<SchedulerDeps, 'random' | 'busy'>> {
  readonly on?: boolean;
  /** Providers that the owner has hidden. */
  readonly hidden?: readonly string[];
  readonly type?: Partial<ServiceType>;
}

/** A started scheduler on a real scanner and store, and when it probed whom. */
function scheduled(providers: readonly Provider[], probe: Prober = answer, told: Told = {}) {
  const { on = true, hidden = [], type = {}, busy = async () => null, random = drawn(1), ...options } = told;
  const probed: { address: string; at: number }[] = [];
  const noting: Prober = (target, context) => {
    probed.push({ address: target.address, at: Date.now() });
    return probe(target, context);
  };
  const thing = typeWith(noting, type);
  const world = createScanner(providers, noting, {
    services: servicesOf(thing, { ...thing, id: 'other thing' }),
    ...options,
  });
  const ranking: SchedulerDeps['ranking'] = (word) =>
    world.ranking(word).map((one) => ({
      ...{ ...one, high: one.score, recommended: false, estimate: null },
      hidden: hidden.includes(one.provider.id),
    }));
  const make = (change: Partial<SchedulerDeps> = {}) => {
    const scheduler = new Scheduler({ ...world, config: { backgroundScan: on }, ranking, busy, random, ...change });
    closers.push(() => scheduler.close());
    return scheduler;
  };
  closers.push(world.close);
  const scheduler = make();
  scheduler.start();
  return { ...world, make, scheduler, probed };
}

const drawn = (seed: number) => {
  const below = seeded(seed);
  return () => below(2 ** 32) / 2 ** 32;
};
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** Lets minutes pass until it is so, a day at most. */
async function until(holds: () => boolean): Promise<void> {
  for (let minute = 0; minute < 24 * 60 && !holds(); minute++) await pass(MINUTE);
  expect(holds()).toBe(true);
}

const many = Array.from({ length: 40 }, (_, index) => providerAt(`10.0.1.${index}`));
const pair = many.slice(0, 2);
const minutesUp = ({ store }: ReturnType<typeof scheduled>) =>
  store.own.days(0).reduce((sum, { up, cut }) => ({ up: sum.up + up, cut: sum.cut + cut }), { up: 0, cut: 0 });

describe('the scheduler', () => {
  it('probes nobody while it is off, but records each minute that this node is up', async () => {
    const world = scheduled(many, answer, { on: false });
    await pass(6 * HOUR);
    expect(world.probed).toEqual([]);
    expect(world.scheduler.status()).toMatchObject({ on: false, next: null, waiting: 'off', last: null });
    expect(minutesUp(world)).toEqual({ up: 361, cut: 0 });
  });

  it('starts each type at its own random moment of the first half hour', async () => {
    const starts = [];
    for (const seed of [1, 2, 3, 4]) {
      const others = pair.map((one) => ({ ...one, id: `other ${one.id}`, type: 'other thing' }));
      const world = scheduled([...pair, ...others], answer, { random: drawn(seed) });
      const from = Date.now();
      expect(world.scheduler.status().waiting).toBe('starting');
      const next = world.scheduler.status().next ?? 0;
      await pass(31 * MINUTE);
      const [first] = world.probed;
      expect(world.scheduler.status().last?.type).toMatch(/thing/);
      expect((first?.at ?? 0) - next).toBeLessThanOrEqual(MINUTE);
      starts.push(Math.round(((first?.at ?? 0) - from) / MINUTE));
      await world.scheduler.close();
    }
    expect(new Set(starts).size).toBeGreaterThan(2);
    expect(Math.max(...starts)).toBeLessThanOrEqual(30);
  });

  it('leaves exponential gaps of half an hour on average, between 5 minutes and 2 hours', async () => {
    const { probed } = scheduled(many);
    await pass(6 * 24 * HOUR);
    const gaps = probed.slice(1).map(({ at }, index) => (at - (probed[index]?.at ?? 0)) / MINUTE);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(5);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(121);
    const mean = gaps.reduce((sum, gap) => sum + gap) / gaps.length;
    expect(mean).toBeGreaterThan(25);
    expect(mean).toBeLessThan(36);
    // Of an exponential gap, a good half is shorter than the mean: a clock's tick would have them all alike.
    expect(gaps.filter((gap) => gap < mean).length / gaps.length).toBeGreaterThan(0.55);
    expect(new Set(probed.map(({ address }) => address)).size).toBe(40);
  });

  it('leaves each provider alone for three hours, or six when its identity is checked', async () => {
    const shortest = async (type: Partial<ServiceType>) => {
      const { probed, scheduler } = scheduled(many.slice(0, 3), answer, { type });
      await pass(3 * 24 * HOUR);
      await scheduler.close();
      const gaps = probed.map(({ address, at }, index) => {
        const before = probed.slice(0, index).findLast((one) => one.address === address);
        return before ? at - before.at : Number.POSITIVE_INFINITY;
      });
      expect(probed.length).toBeGreaterThan(20);
      return Math.min(...gaps) / HOUR;
    };
    const [light, heavy] = [await shortest({}), await shortest({ identifies: true })];
    expect(light).toBeGreaterThanOrEqual(3);
    expect(light).toBeLessThan(6);
    expect(heavy).toBeGreaterThanOrEqual(6);
  });

  it('asks whether it is night by the hours that the owner chose last', async () => {
    const hours: unknown[] = [];
    const busy: SchedulerDeps['busy'] = async (_signal, _now, of) => {
      hours.push(of);
      return 'night';
    };
    const { scheduler } = scheduled(many, answer, { busy });
    await pass(HOUR);
    const asked = hours.length;
    scheduler.choose({ hours: { from: 1, to: 5 }, bytes: null });
    expect(scheduler.status()).toMatchObject({ hours: { from: 1, to: 5 }, waiting: 'night' });
    await pass(HOUR);
    expect(hours.slice(0, asked)).toContainEqual({ from: 9, to: 24 });
    expect(new Set(hours.slice(asked))).toEqual(new Set([{ from: 1, to: 5 }]));
  });

  it('backs off from a provider that keeps failing', async () => {
    const { probed } = scheduled(many.slice(0, 3), async ({ address }) =>
      address === '10.0.1.0' ? { level: 1, reason: 'refused' } : answer(),
    );
    await pass(6 * 24 * HOUR);
    const of = (wanted: string) => probed.filter(({ address }) => address === wanted).length;
    expect(of('10.0.1.0')).toBeGreaterThan(4);
    expect(of('10.0.1.0') * 2).toBeLessThan(of('10.0.1.1'));
  });

  it('waits when nothing is due, and when there is no choice', async () => {
    const { scheduler, probed } = scheduled(pair);
    await until(() => scheduler.status().waiting === 'nothing-due');
    expect(scheduler.status().next).toBeGreaterThan(Date.now());
    expect(probed).toHaveLength(2);
    const lone = scheduled([many[0] as Provider]);
    await pass(4 * HOUR);
    expect(lone.probed).toEqual([]);
    expect(lone.scheduler.status()).toMatchObject({ waiting: 'nothing-due', next: null });
  });

  it('never probes this node’s own, barred, unconfirmed or hidden providers', async () => {
    const others = [
      providerAt('10.9.0.1', { self: true }),
      providerAt('10.9.0.2', { barred: 'declined' }),
      providerAt('10.9.0.3', { barred: 'not-allowed' }),
      providerAt('10.9.0.4', { stale: true }),
      providerAt('10.9.0.5'),
    ];
    const { probed } = scheduled([...pair, ...others], answer, { hidden: ['10.9.0.5'] });
    await pass(48 * HOUR);
    expect(new Set(probed.map(({ address }) => address))).toEqual(new Set(pair.map(({ address }) => address)));
  });

  it('runs only the light probe, and reports who was measured', async () => {
    const asked: unknown[] = [];
    const ended = vi.fn();
    const probe: Prober = async (_, context) => {
      asked.push(context.asked);
      return answer();
    };
    const { jobs, scheduler } = scheduled(pair, probe, { ended });
    await pass(31 * MINUTE);
    expect(asked).toEqual([false]);
    expect(jobs.running()).toEqual([]);
    const { type, provider } = scheduler.status().last ?? {};
    expect(ended.mock.calls).toEqual([[type, [provider]]]);
  });

  it('is not triggered by a clock corrected by years', async () => {
    const { probed, scheduler } = scheduled(many, answer, { random: () => 0.9 });
    vi.setSystemTime(Date.now() + 10 * 365 * 24 * HOUR);
    await pass(20 * MINUTE);
    expect(probed).toEqual([]);
    expect((scheduler.status().next ?? 0) - Date.now()).toBe(7 * MINUTE);
  });
});

describe('the scheduler yields', () => {
  it('to a person’s scan, to load and to traffic, and probes within a minute of their end', async () => {
    let busy: Busy | null = 'load';
    const { waiting, probe } = pendingProbe();
    const { probed, scheduler, scanner, jobs } = scheduled(pair, probe, { busy: async () => busy });
    await until(() => scheduler.status().waiting === 'load');
    busy = 'traffic';
    await pass(MINUTE);
    expect(scheduler.status().waiting).toBe('traffic');
    busy = null;
    const scan = scanner.start('thing');
    await pass(MINUTE);
    expect(scheduler.status().waiting).toBe('scan');
    expect(probed).toHaveLength(2);
    await jobs.cancel(scan.id);
    await pass(MINUTE);
    expect(probed).toHaveLength(3);
    waiting.at(-1)?.letGo();
    await pass(MINUTE);
    expect(scheduler.status()).toMatchObject({ waiting: null, last: { type: 'thing' } });
  });

  it('to a scan that a person starts while it watches the traffic', async () => {
    const { probe } = pendingProbe();
    const started: unknown[] = [];
    const world = scheduled(pair, probe, {
      async busy() {
        started.push(world.scanner.start('thing'));
        return null;
      },
    });
    const { scheduler, jobs } = world;
    await until(() => scheduler.status().waiting === 'scan');
    expect(started).toHaveLength(1);
    expect(scheduler.status().last).toBeNull();
    for (const { id } of jobs.running()) await jobs.cancel(id);
  });

  it('half of the day’s bytes to a person, whose scan always has room', async () => {
    const { probed, scheduler, scanner, jobs } = scheduled(many, answer, { bytesPerDay: 1_250 });
    await pass(3 * 24 * HOUR);
    expect(scheduler.status()).toMatchObject({ waiting: 'budget', budget: 625 });
    for (const { at } of probed) {
      const day = probed.filter((one) => one.at > at - 24 * HOUR && one.at <= at);
      expect(day.length * 100).toBeLessThanOrEqual(625);
    }
    expect(probed.length).toBeGreaterThanOrEqual(18);
    expect(scheduler.status().spentToday).toBeLessThanOrEqual(625);
    const scan = scanner.start('thing');
    await jobs.cancel(scan.id);
  });

  it('while this node is cut off: it stores nothing, counts those minutes apart, and soon notices its return', async () => {
    let cut = false;
    const world = scheduled(many, async () => (cut ? silence : answer()));
    await pass(24 * HOUR);
    const before = world.attempts().length;
    cut = true;
    await pass(12 * HOUR);
    expect(world.attempts()).toHaveLength(before);
    expect(minutesUp(world).cut).toBeGreaterThan(9 * 60);
    cut = false;
    await pass(6 * MINUTE);
    const { cut: minutes } = minutesUp(world);
    await pass(6 * HOUR);
    expect(minutesUp(world).cut).toBe(minutes);
    expect(world.attempts().length).toBeGreaterThan(before);
    expect(world.attempts().every(({ reason }) => reason === null)).toBe(true);
  });
});

describe('the scheduler is switched', () => {
  it('on and off at run time, and remembers it across a restart, whatever the configuration says', async () => {
    const { scheduler, make, probed } = scheduled(many, answer, { on: false });
    scheduler.on();
    expect(scheduler.status()).toMatchObject({ on: true, waiting: 'starting', next: expect.any(Number) });
    await pass(2 * HOUR);
    expect(probed.length).toBeGreaterThan(0);
    expect(make().status().on).toBe(true);
    scheduler.off();
    const before = probed.length;
    await pass(24 * HOUR);
    expect(probed).toHaveLength(before);
    expect(make({ config: { backgroundScan: true } }).status().on).toBe(false);
  });

  it('off even when a full disk cannot remember it, and the error is reported', async () => {
    const { scheduler, store } = scheduled(many);
    vi.spyOn(store.settings, 'set').mockImplementation(() => {
      throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    });
    expect(() => scheduler.off()).toThrow('disk is full');
    expect(scheduler.status()).toMatchObject({ on: false, waiting: 'off', next: null });
  });

  it('off in the middle of a probe, which ends and is not stored', async () => {
    const { waiting, probe } = pendingProbe();
    const { scheduler, attempts } = scheduled(pair, probe);
    await until(() => waiting.length === 1);
    scheduler.off();
    await pass(MINUTE);
    // The pulse alone: nothing watches a probe any more.
    expect(vi.getTimerCount()).toBe(1);
    expect(attempts()).toEqual([]);
    scheduler.on();
    await until(() => waiting.length === 2);
  });

  it('off within a second when the panel closes in the middle of a probe that ignores its signal', async () => {
    const { scheduler, probed, attempts } = scheduled(pair, () => new Promise(() => {}));
    await until(() => probed.length === 1);
    let closed = false;
    const closing = scheduler.close().then(() => {
      closed = true;
    });
    await pass(900);
    expect(closed).toBe(true);
    await closing;
    expect(attempts()).toEqual([]);
  });
});

describe('a day of the scheduler', () => {
  it('leaves no timer and no listener behind, whatever happens in it', async () => {
    const signals: AbortSignal[] = [];
    let nth = 0;
    const world = scheduled(many, async () => (nth++ % 3 === 0 ? silence : answer()), { on: false });
    const scheduler = world.make({
      config: { backgroundScan: true },
      scanner: {
        ...{ cut: false, knock: async () => true, spending: () => world.scanner.spending() },
        background: (word, id, signal) => {
          signals.push(signal);
          return world.scanner.background(word, id, signal);
        },
      },
    });
    scheduler.start();
    for (let hour = 0; hour < 24; hour++) {
      await pass(HOUR);
      expect(vi.getTimerCount()).toBe(2);
    }
    expect(signals.length).toBeGreaterThan(30);
    for (const signal of signals) expect(getEventListeners(signal, 'abort')).toEqual([]);
    await scheduler.close();
    expect(vi.getTimerCount()).toBe(1);
  });

  it('writes a row for each probe, and otherwise only a few lines', async () => {
    const { store, jobs, attempts, probed } = scheduled(many);
    await pass(24 * HOUR);
    expect(attempts()).toHaveLength(probed.length);
    expect(probed.length).toBeGreaterThan(30);
    expect(store.own.days(0).length + store.events.newest(500).length).toBeLessThanOrEqual(4);
    expect(jobs.running()).toEqual([]);
  });

  it('continues after a bug of ours in a probe, stores it as the provider’s failure, and logs it once', async () => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
    const mistake = new TypeError('a mistake in every probe');
    const { probed, attempts } = scheduled(
      five.map((address) => providerAt(address)),
      () => Promise.reject(mistake),
    );
    await pass(24 * HOUR);
    expect(probed.length).toBeGreaterThan(20);
    expect(attempts()).toHaveLength(probed.length);
    expect(logged.mock.calls).toEqual([[expect.stringContaining('a mistake in every probe')]]);
    logged.mockRestore();
  });
});

describe('what something else tells of a provider', () => {
  it('is looked at within minutes, also at night, and not again within ten minutes', async () => {
    const busy: SchedulerDeps['busy'] = async (_signal, now, hours) => (isDaytime(now, hours) ? null : 'night');
    const world = scheduled(many, answer, { random: drawn(3), busy });
    const hour = new Date().getHours();
    world.scheduler.choose({ hours: { from: (hour + 12) % 24, to: ((hour + 13) % 24) + 1 }, bytes: null });
    await pass(31 * MINUTE);
    expect(world.probed).toEqual([]);
    const [one] = many;
    expect(world.scheduler.look('thing', one?.id ?? '')).toBe(true);
    await pass(2 * MINUTE);
    expect(world.probed.filter(({ address }) => address === one?.address)).toHaveLength(1);
    expect(world.scheduler.look('thing', one?.id ?? '')).toBe(false);
  });

  it('is not looked at while background measuring is off', async () => {
    const world = scheduled(many, answer, { on: false });
    expect(world.scheduler.look('thing', many[0]?.id ?? '')).toBe(false);
    await pass(HOUR);
    expect(world.probed).toEqual([]);
  });
});

/** Reading a daemon from time to time: what is known of the ways, what is told of them, and what comes of its failures. */
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Routing as Setting } from '../../plugin/config/index.js';
import { Clock } from '../../plugin/lib/clock/index.js';
import { log } from '../../plugin/lib/log.js';
import type { Place, Route, RoutingDaemon } from '../../plugin/routing/contract.js';
import { type Changed, Routing } from '../../plugin/routing/index.js';
import { providerAt } from '../scan/made.js';
import { daemonWith, routeTo } from './made.js';

const MINUTE = 60_000;

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => vi.useRealTimers());

type Answer = readonly Route[] | Error;

/** A panel's view of one daemon that says what the test has written last. */
function opened(first: Answer, { routing = 'auto', daemons }: { routing?: Setting; daemons?: RoutingDaemon[] } = {}) {
  let answer = first;
  const [asked, changed]: [Place[], Changed[]] = [[], []];
  const made = daemonWith((place) => {
    asked.push(place);
    return answer;
  });
  const providers = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((address) => providerAt(address));
  const view = new Routing({
    config: { routing },
    daemons: daemons ?? [made],
    discovery: { providers: () => providers },
    time: new Clock(),
    changed: (ways) => changed.push(ways),
    local: { exists: (path) => path === '/made', listens: () => false },
  });
  onTestFinished(() => view.close());
  const warnings = vi.spyOn(log, 'warning').mockImplementation(() => {});
  onTestFinished(() => warnings.mockRestore());
  /** The next reading, once it has ended. */
  const read = (next: Answer = answer) => {
    answer = next;
    return view.once();
  };
  return { view, read, asked, changed, warnings };
}

describe('a view of the network', () => {
  it('knows the way to an address, the daemon that says so and the first node', async () => {
    const { view, read } = opened([routeTo('10.0.0.0/30', { metric: 344 }), routeTo('10.9.0.0/16')]);
    expect([view.status().state, view.way('10.0.0.1'), view.distance('10.0.0.1')]).toEqual(['connecting', null, null]);
    expect(await read()).toMatchObject({ state: 'up', daemon: 'made', place: 'made:/made', routes: 2 });
    expect(view.way('10.0.0.2')).toMatchObject({
      daemon: 'made',
      router: null,
      first: '10.0.0.1',
      route: { metric: 344 },
    });
    expect([view.distance('10.0.0.2'), view.distance('10.1.1.1')]).toEqual([344, null]);
  });

  it('has another version only where it would be shown otherwise', async () => {
    const { view, read } = opened([routeTo('10.0.0.0/30', { metric: 300 })]);
    const versions: number[] = [];
    for (const metric of [300, 310, 290, 400, 400]) {
      await read([routeTo('10.0.0.0/30', { metric })]);
      versions.push(view.version);
    }
    expect(versions).toEqual([1, 1, 1, 2, 2]);
    expect(view.distance('10.0.0.1')).toBe(400);
    await read([routeTo('10.0.0.0/30', { metric: 400, gateway: '10.0.0.2' })]);
    expect(view.version).toBe(3);
  });

  it('tells which providers’ ways have become others', async () => {
    const { read, changed } = opened([
      routeTo('10.0.0.1/32', { metric: 300 }),
      routeTo('10.0.0.2/32', { metric: 300 }),
    ]);
    await read();
    const worse = [routeTo('10.0.0.1/32', { metric: 900 }), routeTo('10.0.0.2/32', { metric: 310 })];
    await read(worse);
    expect(changed).toEqual([]);
    await read(worse);
    expect(changed).toEqual([{ moved: ['10.0.0.1'], lost: [] }]);
  });
});

describe('a daemon that cannot be read', () => {
  it('is told of once, in the log and in the status, and forgotten after three failures', async () => {
    const { view, read, warnings } = opened([routeTo('10.0.0.0/30')]);
    await read();
    const status = await read(new Error('EACCES'));
    expect(status).toMatchObject({ state: 'away', routes: 0, error: { code: 'routing-away', hint: 'Start it.' } });
    expect(status.error?.message).toBe('made:/made cannot be read: EACCES.');
    await read();
    expect(view.way('10.0.0.1')).not.toBeNull();
    await read();
    expect([view.way('10.0.0.1'), view.distance('10.0.0.1'), view.version]).toEqual([null, null, 2]);
    expect(warnings).toHaveBeenCalledTimes(1);
    await read([routeTo('10.0.0.0/30')]);
    expect(view.status()).toMatchObject({ state: 'up', routes: 1 });
    expect(view.status().error).toBeUndefined();
    await read(new Error('EACCES'));
    expect(warnings).toHaveBeenCalledTimes(2);
  });

  it('leaves its place to the next one that this machine has', async () => {
    const other = daemonWith(() => [routeTo('10.0.0.0/30')], { id: 'other' });
    const { view, read } = opened([], { daemons: [daemonWith(() => new Error('EACCES')), other] });
    expect(await read()).toMatchObject({ state: 'up', daemon: 'other' });
    expect(view.way('10.0.0.1')?.daemon).toBe('other');
  });

  it('is not there at all: then it is off, and looked for again', async () => {
    const { view, asked } = opened([], { daemons: [daemonWith(() => [], { usual: [{ path: '/elsewhere' }] })] });
    expect(view.status().state).toBe('off');
    expect(await view.once()).toMatchObject({ state: 'off', daemon: null });
    expect(asked).toEqual([]);
  });
});

describe('over time', () => {
  /** How often it is asked in so many minutes. */
  async function askedWithin(minutes: number, ...[answer, options]: Parameters<typeof opened>) {
    const { view, asked } = opened(answer, options);
    view.start();
    for (let minute = 0; minute < minutes; minute++) {
      await vi.advanceTimersByTimeAsync(MINUTE);
      // Reading a table takes turns of the event loop, which nobody fakes.
      for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
    }
    return asked.length;
  }

  it('this machine’s daemon is asked once a minute at most', async () => {
    const count = await askedWithin(10, [routeTo('10.0.0.0/30')]);
    expect(count).toBeGreaterThan(5);
    expect(count).toBeLessThanOrEqual(11);
  });

  it('a router is asked every five minutes, and less for a large answer', async () => {
    const router: Setting = { daemon: 'made', place: { host: '10.0.0.1', port: 9090 } };
    const count = await askedWithin(30, [routeTo('10.0.0.0/30')], { routing: router });
    expect(count).toBeGreaterThan(3);
    expect(count).toBeLessThanOrEqual(7);
    const large = Array.from({ length: 2_000 }, (_, n) => routeTo(`10.0.${n >> 8}.${n & 255}/32`));
    expect(await askedWithin(30, large, { routing: router })).toBeLessThanOrEqual(2);
  });

  it('nobody is asked where it is turned off', async () => {
    expect(await askedWithin(30, [routeTo('10.0.0.0/30')], { routing: 'off' })).toBe(0);
  });
});

it('a name that no daemon has stops the start', () => {
  expect(() => opened([], { routing: { daemon: 'ospfd', place: null } })).toThrow('ROUTING names ospfd');
});

it('closes at once in the middle of a reading, and tells nothing afterwards', async () => {
  let isAsked = () => {};
  const begun = new Promise<void>((resolve) => {
    isAsked = resolve;
  });
  const hanging = daemonWith(() => [], {
    ask: (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
        isAsked();
      }),
  });
  const { view, warnings, changed } = opened([], { daemons: [hanging] });
  view.start();
  await vi.advanceTimersByTimeAsync(1);
  await begun;
  await view.close();
  expect([warnings.mock.calls, changed]).toEqual([[], []]);
});

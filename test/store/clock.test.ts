/** Rows follow the clock of the boot that wrote them: nothing is lost, nothing is of the future, whenever it is set. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { Clock } from '../../plugin/lib/clock/index.js';
import { toScore } from '../../plugin/score/index.js';
import docker from '../../plugin/services/Docker/index.js';
import { openStore, type Store } from '../../plugin/store/index.js';
import { FakeMachine } from '../machine.js';
import { answered, DAY, freshPath, job } from './made.js';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const TRUE = Date.parse('2026-05-05T12:00:00Z');
const BUILT = Date.parse('2025-01-01T00:00:00Z');
const PROVIDER = { type: docker.id, provider: 'p' } as const;

/** A program on the machine; each has its own clock and its own connection to the file. */
function program(machine: FakeMachine, path: string) {
  const clock = new Clock(BUILT, machine);
  const store = openStore(path, clock);
  onTestFinished(() => store.close());
  return { clock, store, now: () => clock.now() };
}
type Program = ReturnType<typeof program>;

/** Five answers in two minutes, and what else a boot writes. */
function work({ store, now }: Program, machine: FakeMachine, label = 'work'): void {
  const samples = [
    { metric: 'rtt', value: 2, method: 'tcp-connect' },
    { metric: 'ttfb', value: 20, method: 'http' },
  ];
  store.sessions.put(label, { since: now(), used: now() });
  store.jobs.put(job(label, { state: 'done', startedAt: iso(now()), finishedAt: iso(now()) }));
  store.events.add({ by: 'owner', name: '', what: 'login', type: null, provider: null, result: 'done', job: null });
  store.opinions.rate(docker.id, 'p', 4);
  store.announcers.note([{ ...PROVIDER, announcer: label, since: now() }], now());
  for (let count = 0; count < 5; count++) {
    store.own.beat(now(), 'up');
    store.attempts.add(answered(now(), { ...PROVIDER, level: 3, samples, facts: {} }));
    machine.pass(MINUTE / 2);
  }
  store.history.note(docker.id, 'p', 77);
}

const iso = (at: number) => new Date(at).toISOString();
const score = ({ store, now }: Program) => toScore(docker, store.attempts.of(docker.id, 'p'), now()).score;
const pruneAll = (store: Store) => {
  while (store.prune() > 0);
};
const day = (at: number) => iso(at).slice(0, 10);

/** Everything that the store dates, in ms before now; days as they are. */
function ages({ store, now }: Program, label = 'work') {
  const at = now();
  const { startedAt, finishedAt } = store.jobs.get(label) ?? {};
  return {
    attempts: store.attempts.of(docker.id, 'p').map((attempt) => at - attempt.at),
    session: Object.values(store.sessions.get(label) ?? {}).map((time) => at - time),
    job: [startedAt, finishedAt].map((time) => at - Date.parse(time ?? '')),
    events: store.events.newest(9).map((event) => at - event.at),
    stars: store.opinions.get(docker.id, 'p').stars.map((stars) => at - stars.at),
    announcer: at - (store.announcers.announcer(label) ?? Number.NaN),
  };
}
const history = ({ store }: Program) => store.history.days(docker.id, 'p', 0);

const SETS = [
  ['forward by weeks', 40 * DAY],
  ['forward by a year', 365 * DAY],
  ['back by an hour', -HOUR],
  ['back by months', -100 * DAY],
] as const;

describe('a clock that is set', () => {
  it.each(SETS)('%s takes along all that this boot has dated', (_, by) => {
    const machine = new FakeMachine(TRUE);
    const panel = program(machine, ':memory:');
    work(panel, machine);
    const before = { ages: ages(panel), score: score(panel), history: history(panel) };
    machine.set(by);
    expect(ages(panel)).toEqual(before.ages);
    expect(score(panel)).toBeCloseTo(before.score ?? Number.NaN, 5);
    const days = before.history.map((row) => ({ ...row, day: day(TRUE + by) }));
    expect(history(panel)).toEqual(days);
    expect(panel.store.own.days(0)).toEqual([{ day: day(TRUE + by), up: 3, cut: 0 }]);
    pruneAll(panel.store);
    expect(ages(panel)).toEqual(before.ages);
    expect(history(panel)).toEqual(days);
  });

  it.each(SETS)('%s while no program runs takes the same along', (_, by) => {
    const machine = new FakeMachine(TRUE);
    const path = freshPath();
    const first = program(machine, path);
    work(first, machine);
    const before = { ages: ages(first), score: score(first) };
    first.store.close();
    machine.set(by);
    const next = program(machine, path);
    pruneAll(next.store);
    expect(ages(next)).toEqual(before.ages);
    expect(score(next)).toBeCloseTo(before.score ?? Number.NaN, 5);
    expect(history(next).map((row) => row.day)).toEqual([day(TRUE + by)]);
  });

  it('several times takes everything to where it belongs', () => {
    const machine = new FakeMachine(TRUE);
    const panel = program(machine, ':memory:');
    work(panel, machine);
    const before = ages(panel);
    for (const by of [40 * DAY, -400 * DAY, 3 * HOUR, 360 * DAY - 3 * HOUR]) {
      machine.set(by);
      panel.now();
    }
    expect(ages(panel)).toEqual(before);
    expect(history(panel)).toMatchObject([{ day: day(TRUE), attempts: 5 }]);
  });

  it('takes each row along once where a command runs beside the panel', () => {
    const machine = new FakeMachine(TRUE);
    const path = freshPath();
    const panel = program(machine, path);
    work(panel, machine);
    const before = ages(panel);
    const command = program(machine, path);
    machine.set(40 * DAY);
    expect(ages(command)).toEqual(before);
    expect(ages(panel)).toEqual(before);
  });

  it('leaves what an earlier boot has dated where it is', () => {
    const machine = new FakeMachine(TRUE - 10 * DAY);
    const path = freshPath();
    const first = program(machine, path);
    work(first, machine, 'first');
    const dated = history(first);
    first.store.close();
    machine.reboot(TRUE - 8 * DAY);
    const next = program(machine, path);
    work(next, machine);
    machine.set(8 * DAY);
    expect(ages(next, 'first').session).toEqual([10 * DAY + 2.5 * MINUTE, 10 * DAY + 2.5 * MINUTE]);
    expect(history(next)).toMatchObject([...dated, { day: day(TRUE), attempts: 5 }]);
    expect(next.store.own.days(0)).toMatchObject([{ up: 3 }, { day: day(TRUE), up: 3 }]);
  });
});

it.each(['', '{', '[1]', '{"boot":"first","uptime":"x"}', 'null'])('a record that says %j is no hindrance', (text) => {
  const machine = new FakeMachine(TRUE);
  const path = freshPath();
  const first = program(machine, path);
  work(first, machine);
  first.store.settings.set('clock', text);
  first.store.close();
  machine.set(DAY);
  const next = program(machine, path);
  expect(next.now()).toBe(TRUE + 2.5 * MINUTE + DAY);
  expect(next.store.attempts.of(docker.id, 'p')).toHaveLength(5);
});

describe('a start in 1970', () => {
  it('dates after what is stored, and loses nothing of it', () => {
    const machine = new FakeMachine(TRUE - 2 * DAY);
    const path = freshPath();
    const first = program(machine, path);
    work(first, machine, 'first');
    const before = score(first);
    first.store.close();
    machine.reboot(30_000);
    const next = program(machine, path);
    expect(score(next)).toBeCloseTo(before ?? Number.NaN, 1);
    work(next, machine);
    pruneAll(next.store);
    expect(next.store.attempts.of(docker.id, 'p')).toHaveLength(10);
    expect(Math.min(...ages(next).attempts, ...ages(next).session)).toBeGreaterThanOrEqual(0);
    machine.set(TRUE);
    expect(next.now()).toBe(TRUE + 30_000 + 2.5 * MINUTE);
    expect(ages(next, 'first').session[0]).toBeGreaterThan(2 * DAY);
    expect(ages(next).session[0]).toBe(2.5 * MINUTE);
    pruneAll(next.store);
    expect(history(next).map(({ day, attempts }) => [day, attempts])).toEqual([
      [day(TRUE - 2 * DAY), 5],
      [day(TRUE), 5],
    ]);
  });

  it('knows after a crash when the last hour was', () => {
    const machine = new FakeMachine(TRUE);
    const path = freshPath();
    const first = program(machine, path);
    for (let minute = 0; minute < 90; minute++) {
      machine.pass(MINUTE);
      first.store.own.beat(first.now(), 'up');
    }
    machine.reboot(0);
    expect(program(machine, path).now()).toBeGreaterThanOrEqual(TRUE + 60 * MINUTE);
  });
});

it('what an earlier boot has dated in the future ends before this one', () => {
  const machine = new FakeMachine(TRUE + 400 * DAY);
  const path = freshPath();
  const first = program(machine, path);
  work(first, machine);
  first.store.close();
  machine.reboot(TRUE);
  machine.vouched = true;
  const next = program(machine, path);
  expect(next.now()).toBe(TRUE);
  expect(Math.min(...ages(next).attempts, ...ages(next).session, ...ages(next).events)).toBe(MINUTE);
  expect(history(next)).toMatchObject([{ day: day(TRUE), attempts: 5 }]);
  pruneAll(next.store);
  expect(ages(next).attempts).toHaveLength(5);
});

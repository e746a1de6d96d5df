/** A clock of this boot: what is dated stays as old as it is, however the wall clock is set. */
import { describe, expect, it } from 'vitest';
import { Clock, fixedTime, type Jump, moved } from '../../plugin/lib/clock/index.js';
import { FakeMachine } from '../machine.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const TRUE = Date.parse('2026-05-05T12:00:00Z');
const BUILT = Date.parse('2025-01-01T00:00:00Z');

function started(wall: number, change: Partial<FakeMachine> = {}) {
  const machine = Object.assign(new FakeMachine(wall), change);
  const clock = new Clock(BUILT, machine);
  const jumps: Jump[] = [];
  clock.onJump((jump) => jumps.push(jump));
  return { machine, clock, jumps };
}

describe('a clock that is set', () => {
  it.each([
    ['forward by weeks', 40 * DAY],
    ['forward by a minute', 60_000],
    ['back by an hour', -HOUR],
    ['back by months', -100 * DAY],
  ])('%s says so once, and by how much', (_, by) => {
    const { machine, clock, jumps } = started(TRUE);
    machine.pass(HOUR);
    const moment = clock.steady();
    machine.set(by);
    machine.pass(1_000);
    expect(clock.now()).toBe(TRUE + HOUR + by + 1_000);
    expect(clock.steady()).toBe(moment + 1_000);
    expect(clock.date(moment)).toBe(TRUE + HOUR + by);
    expect(clock.moment(clock.date(moment))).toBe(moment);
    expect(jumps).toEqual([{ since: TRUE, until: TRUE + HOUR + 1_000, by }]);
    expect(moved(TRUE + 5, jumps[0] as Jump)).toBe(TRUE + 5 + by);
    expect(moved(TRUE - 5, jumps[0] as Jump)).toBe(TRUE - 5);
    // A time of an earlier boot is a date already.
    expect(clock.date(TRUE - DAY)).toBe(TRUE - DAY);
  });

  it('several times, there and back, ends where time has passed', () => {
    const { machine, clock } = started(TRUE);
    const moment = clock.steady();
    for (const by of [40 * DAY, -41 * DAY, 3 * HOUR, DAY - 3 * HOUR]) {
      machine.pass(60_000);
      machine.set(by);
      clock.now();
    }
    expect(clock.date(moment)).toBe(TRUE);
    expect(clock.now()).toBe(TRUE + 4 * 60_000);
  });

  it('is not one that is slewed, nor that of a machine that slept', () => {
    const { machine, clock, jumps } = started(TRUE);
    for (let hour = 0; hour < 10; hour++) {
      machine.pass(HOUR);
      machine.set(500);
      expect(clock.now()).toBe(TRUE + (hour + 1) * (HOUR + 500));
    }
    machine.sleep(8 * HOUR);
    expect(clock.now()).toBe(TRUE + 18 * HOUR + 5_000);
    expect(jumps).toEqual([]);
  });

  it('on by hours is not one where it was right: a virtual machine was paused', () => {
    const { machine, clock, jumps } = started(TRUE, { steadfast: true });
    const moment = clock.steady();
    machine.set(8 * HOUR);
    expect(clock.now()).toBe(TRUE + 8 * HOUR);
    expect(clock.date(moment)).toBe(TRUE);
    expect(jumps).toEqual([]);
    machine.set(-HOUR);
    clock.now();
    expect(jumps).toMatchObject([{ by: -HOUR }]);
  });

  it('to before this program existed is not believed', () => {
    const { machine, clock, jumps } = started(TRUE);
    machine.set(-TRUE);
    machine.pass(HOUR);
    expect(clock.now()).toBe(TRUE + HOUR);
    expect(clock.doubted).toBe(HOUR);
    machine.set(TRUE);
    expect(clock.now()).toBe(TRUE + HOUR);
    expect([clock.doubted, jumps]).toEqual([null, []]);
  });
});

describe('a start with a clock that is behind', () => {
  it('in 1970 is doubted by itself', () => {
    expect(new Clock(undefined, new FakeMachine(5_000)).doubted).toBe(5_000);
    expect(new Clock(undefined, new FakeMachine(TRUE)).doubted).toBeNull();
  });

  it('in 1970, with nothing known, is in the year of the program', () => {
    const { machine, clock, jumps } = started(5_000);
    clock.resume(null, null);
    expect(clock.now()).toBe(BUILT);
    machine.pass(HOUR);
    machine.set(TRUE);
    expect(clock.now()).toBe(TRUE + HOUR + 5_000);
    expect(jumps).toEqual([{ since: BUILT, until: BUILT + HOUR, by: TRUE + 5_000 - BUILT }]);
  });

  it('goes on from the latest that is known, until the clock is set', () => {
    const { machine, clock, jumps } = started(TRUE - 40 * DAY);
    clock.resume(null, TRUE);
    machine.pass(HOUR);
    expect(clock.now()).toBe(TRUE + HOUR + 1);
    expect(clock.doubted).toBe(TRUE - 40 * DAY + HOUR);
    machine.set(45 * DAY);
    expect(clock.now()).toBe(TRUE + 5 * DAY + HOUR);
    expect(jumps).toMatchObject([{ since: TRUE + 1, by: 5 * DAY - 1 }]);
    expect(clock.doubted).toBeNull();
  });

  it('is believed once something vouches for it', () => {
    const { machine, clock, jumps } = started(TRUE);
    clock.resume(null, TRUE + 365 * DAY);
    expect(clock.now()).toBe(TRUE + 365 * DAY + 1);
    machine.vouched = true;
    machine.pass(HOUR);
    expect(clock.now()).toBe(TRUE + HOUR);
    expect(jumps).toMatchObject([{ by: -365 * DAY - 1 }]);
  });

  it('is believed at once where something vouches for it', () => {
    const { clock } = started(TRUE, { vouched: true });
    clock.resume(null, TRUE + 365 * DAY);
    expect(clock.now()).toBe(TRUE);
  });
});

describe('the next run', () => {
  const next = (machine: FakeMachine, last: Clock) => {
    const clock = new Clock(BUILT, machine);
    const jumps: Jump[] = [];
    clock.onJump((jump) => jumps.push(jump));
    const record = last.record();
    return { clock, jumps, resume: () => clock.resume(record, null) };
  };

  it.each([
    ['forward', 40 * DAY],
    ['back', -90 * DAY],
  ])('knows that the clock was set %s while the program was down', (_, by) => {
    const { machine, clock } = started(TRUE);
    machine.pass(HOUR);
    const second = next(machine, clock);
    machine.pass(HOUR);
    machine.set(by);
    second.resume();
    expect(second.jumps).toEqual([{ since: TRUE, until: TRUE + 2 * HOUR, by }]);
    expect(second.clock.now()).toBe(TRUE + 2 * HOUR + by);
    const moment = second.clock.steady();
    machine.pass(HOUR);
    machine.set(-by);
    expect(second.clock.date(moment)).toBe(TRUE + 2 * HOUR);
    expect(second.jumps[1]).toMatchObject({ since: TRUE + by });
  });

  it('of the same boot doubts what the last one doubted', () => {
    const { machine, clock } = started(TRUE - 40 * DAY);
    clock.resume(null, TRUE);
    machine.pass(HOUR);
    const second = next(machine, clock);
    machine.pass(HOUR);
    second.resume();
    expect(second.clock.now()).toBe(TRUE + 2 * HOUR + 1);
    expect(second.jumps).toEqual([]);
    machine.set(45 * DAY);
    second.clock.now();
    expect(second.jumps).toMatchObject([{ since: TRUE + 1 }]);
  });

  it('of a machine that does not name its boots takes no step from the last', () => {
    const { machine, clock } = started(TRUE, { boot: '' });
    const second = next(machine, clock);
    machine.set(DAY);
    second.resume();
    expect(second.jumps).toEqual([]);
  });

  it('of another boot takes no step from the times between', () => {
    const { machine, clock } = started(TRUE);
    machine.pass(HOUR);
    const second = next(Object.assign(new FakeMachine(TRUE + 3 * DAY), { boot: 'second' }), clock);
    second.resume();
    expect(second.jumps).toEqual([]);
    expect(second.clock.now()).toBe(TRUE + 3 * DAY);
  });
});

it('a clock that nobody sets is the one it was made of', () => {
  const time = fixedTime(() => 7);
  expect([time.now(), time.steady(), time.date(3), time.moment(3), time.doubted]).toEqual([7, 7, 3, 3, null]);
});

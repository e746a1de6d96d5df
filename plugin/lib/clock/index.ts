/**
 * The time of day, on machines whose clock is wrong until a time server sets it: a Raspberry Pi starts in 1970, or where it
 * was shut down, and jumps by weeks some minutes later.
 *
 * - The clock is set while the program runs: all that this boot has dated moves along (`onJump`).
 * - It is set while the program is down: the same, by the record that the last run left (`resume`).
 * - At start it is behind what is known already: time goes on from there, until the clock is set or vouched for.
 *
 * So whatever is dated is never later than now, and what was done a minute ago stays a minute old.
 */
import { Listeners } from '../listeners.js';
import { DAY_MS, MINUTE_MS } from '../time.js';
import { type Machine, machine } from './machine.js';

export type { Machine };

/** A smaller correction moves nothing, ms: the same as a slow disk or a leap second. */
const STEP_MS = 5_000;
/** A virtual machine may be paused for so long, ms, and sees its clock set afterwards. */
const PAUSE_MS = DAY_MS;
/** How often a doubted clock is looked at, ms. */
const DOUBT_MS = MINUTE_MS;

/** Nobody ran this program earlier, ms since the epoch: a clock that says so is not set. */
export const EARLIEST = Date.UTC(2025, 0, 1);

/** What was dated from `since` to `until` (ms since the epoch) happened `by` ms later than it says. */
export interface Jump {
  readonly since: number;
  readonly until: number;
  readonly by: number;
}

/** What one run leaves for the next; offsets are from the machine's uptime, ms. */
export interface ClockRecord {
  readonly boot: string;
  readonly uptime: number;
  /** When this boot began to date anything, ms since the epoch. */
  readonly since: number;
  readonly time: number;
  readonly wall: number;
}

/** Moves a time that the jump concerns; leaves any other as it is. */
export const moved = (at: number, { since, until, by }: Jump): number => (at >= since && at <= until ? at + by : at);

/** The part of a clock that most rooms use. */
export interface Time {
  /** ms since the epoch. */
  now(): number;
  /** Grows by what has passed, and never jumps; for `date`, and for the length of waits. */
  steady(): number;
  /** When that moment of `steady()` was, as far as is known now, ms since the epoch. Earlier times are returned as they are. */
  date(moment: number): number;
  /** The reverse. */
  moment(date: number): number;
  onJump(listener: (jump: Jump) => void): () => void;
  /** The wall clock, ms since the epoch, where it is believed to be behind; null where it is not doubted. */
  readonly doubted: number | null;
}

/** A clock that nobody sets. */
export function fixedTime(now: () => number): Time {
  const same = (at: number) => at;
  return { now, steady: now, date: same, moment: same, onJump: () => () => {}, doubted: null };
}

export class Clock implements Time {
  readonly #machine: Machine;
  readonly #listeners = new Listeners<[Jump]>();
  /** Wall clock minus uptime, and minus ticks, when last compared. */
  #wallOffset: number;
  #tickOffset: number;
  /** How far time is ahead of a wall clock that is not believed; 0 where it is. */
  #ahead = 0;
  #since: number;
  /** When this process began to date anything, by `steady`; and the sum of all jumps since. */
  #start: number;
  #shift = 0;
  #doubtedAt = Number.NEGATIVE_INFINITY;
  readonly #floor: number;

  /** @param floor a time that is certainly over, ms since the epoch */
  constructor(floor = EARLIEST, of: Machine = machine) {
    this.#machine = of;
    this.#floor = floor;
    const wall = of.wall();
    this.#wallOffset = wall - of.uptime();
    this.#tickOffset = wall - of.ticks();
    this.#ahead = Math.max(0, floor - wall);
    this.#start = wall + this.#ahead;
    this.#since = this.#start;
  }

  now(): number {
    const wall = this.#machine.wall();
    // The uptime, which also counts sleep, costs a read of a file.
    if (Math.abs(wall - this.#machine.ticks() - this.#tickOffset) > STEP_MS) this.#compare(wall);
    else if (this.#ahead > 0) this.#doubt(wall);
    return wall + this.#ahead;
  }

  steady(): number {
    return this.now() - this.#shift;
  }

  date(moment: number): number {
    this.now();
    return moment >= this.#start ? moment + this.#shift : moment;
  }

  moment(date: number): number {
    this.now();
    return date - this.#shift >= this.#start ? date - this.#shift : date;
  }

  get doubted(): number | null {
    this.now();
    return this.#ahead > STEP_MS ? this.#machine.wall() : null;
  }

  /** Calls back after time has jumped; at once, and before anybody reads the new time. */
  onJump(listener: (jump: Jump) => void): () => void {
    return this.#listeners.add(listener);
  }

  /**
   * Goes on where the last run stopped. Call it before anything is dated.
   * @param latest the latest time that is known, ms since the epoch; null where nothing is
   */
  resume(record: ClockRecord | null, latest: number | null): void {
    const uptime = this.#machine.uptime();
    const wall = this.#machine.wall();
    const { boot } = this.#machine;
    // Where a machine does not name its boots, each run counts as one.
    if (record === null || boot === '' || record.boot !== boot || record.uptime > uptime) {
      const known = Math.max(this.#floor, (latest ?? 0) + 1);
      const isBelieved = wall >= known || (wall >= this.#floor && this.#machine.vouches());
      this.#ahead = isBelieved ? 0 : known - wall;
      this.#since = wall + this.#ahead;
    } else {
      this.#since = record.since;
      this.#ahead = Math.max(0, record.time - record.wall);
      this.#set(wall, record.time + uptime, wall - uptime - record.wall);
    }
    this.#start = wall + this.#ahead;
    this.#shift = 0;
  }

  record(): ClockRecord {
    const time = this.now();
    const uptime = this.#machine.uptime();
    const wall = this.#machine.wall() - uptime;
    return { boot: this.#machine.boot, uptime, since: this.#since, time: time - uptime, wall };
  }

  /** When this boot began to date anything, ms since the epoch. */
  get since(): number {
    return this.#since;
  }

  /** The wall clock no longer goes with the ticks: the machine slept, or somebody set it. */
  #compare(wall: number): void {
    const uptime = this.#machine.uptime();
    const before = this.#wallOffset + this.#ahead + uptime;
    const step = wall - uptime - this.#wallOffset;
    this.#wallOffset += step;
    this.#tickOffset = wall - this.#machine.ticks();
    this.#set(wall, before, step);
  }

  /** @param before what the time would be now without the step of the wall clock */
  #set(wall: number, before: number, step: number): void {
    if (Math.abs(step) <= STEP_MS || this.#isPause(step)) return;
    // A clock that is set to before this program existed is not set, but lost.
    if (wall < this.#floor) this.#ahead = before - wall;
    else this.#jump(wall, wall - before);
  }

  /** Time that has passed unseen: what was dated before is right. */
  #isPause(step: number): boolean {
    return step > 0 && step <= PAUSE_MS && this.#ahead === 0 && this.#machine.keepsTime();
  }

  #doubt(wall: number): void {
    const ticks = this.#machine.ticks();
    if (ticks - this.#doubtedAt < DOUBT_MS) return;
    this.#doubtedAt = ticks;
    if (wall >= this.#floor && this.#machine.vouches()) this.#jump(wall, -this.#ahead);
  }

  #jump(wall: number, by: number): void {
    this.#ahead = 0;
    if (Math.abs(by) <= STEP_MS) return;
    const jump = { since: this.#since, until: wall - by, by };
    // No longer than until now, where less time has passed than the clock went back.
    this.#since = Math.min(this.#since + by, wall);
    this.#shift += by;
    this.#listeners.call(jump);
  }
}

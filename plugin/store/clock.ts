/** Keeps the rows of this boot in step with the clock, across restarts of the panel. */
import type { Clock, ClockRecord, Jump } from '../lib/clock/index.js';
import { log } from '../lib/log.js';
import { MINUTE_MS } from '../lib/time.js';
import type { Db, Move } from './sqlite.js';
import type { SettingStore } from './tables/settings.js';

const SETTING = 'clock';
/** Two processes that see the same step measure it a little differently, ms. */
const SAME_MS = 5_000;

interface Movable {
  move(move: Move): void;
}

export interface Dated {
  /** In the order in which they move. */
  readonly tables: readonly Movable[];
  /** Date of the newest row before `before`, ms since the epoch; null where there is none. */
  latest(before: number): number | null;
}

/** @returns `save` writes down where the clock stands, for the next run; `stop` ends it */
export function followClock(
  db: Db,
  clock: Clock,
  settings: SettingStore,
  { tables, latest }: Dated,
): { readonly save: () => void; readonly stop: () => void } {
  const save = () => settings.set(SETTING, JSON.stringify(clock.record()));
  const move = (span: Move) => {
    for (const table of tables) table.move(span);
  };
  /** What earlier boots have dated later than this one began: their clock was ahead. */
  const moveFuture = (until: number, since: number) => {
    const newest = latest(until);
    if (newest !== null && newest >= since) move({ from: since, until: newest, by: since - MINUTE_MS - newest });
  };
  const jump = db.transaction(({ since, until, by }: Jump) => {
    const [earlier, now] = [readRecord(settings), clock.record()];
    // Another process has moved them already.
    if (earlier?.boot === now.boot && Math.abs(earlier.wall - now.wall) <= SAME_MS) return;
    if (by < 0) moveFuture(since, since + by);
    move({ from: since, until, by });
    save();
  });
  const open = db.transaction(() => {
    const record = readRecord(settings);
    const known = Math.max(latest(Number.MAX_SAFE_INTEGER) ?? 0, record === null ? 0 : record.time + record.uptime);
    clock.resume(record, known);
    if ((latest(Number.MAX_SAFE_INTEGER) ?? 0) > clock.now()) moveFuture(Number.MAX_SAFE_INTEGER, clock.since);
    save();
  });
  const stop = clock.onJump((change) => {
    jump.immediate(change);
    const [from, to] = [change.until, change.until + change.by].map((at) => new Date(at).toISOString());
    log.info(`The clock was set, from ${from} to ${to}: what was done since this boot moves along.`);
  });
  open.immediate();
  return { save, stop };
}

/** null where there is none, or not one of ours. */
function readRecord(settings: SettingStore): ClockRecord | null {
  try {
    const { boot, uptime, since, time, wall } = JSON.parse(settings.get(SETTING) ?? '{}') as ClockRecord;
    const isWhole = typeof boot === 'string' && [uptime, since, time, wall].every(Number.isFinite);
    return isWhole ? { boot, uptime, since, time, wall } : null;
  } catch {
    return null;
  }
}

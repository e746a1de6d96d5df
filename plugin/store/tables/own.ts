/** This node's own availability, minute by minute: it tells a provider's absence from ours. */
import { DAY_MS, dayName, dayOf, MINUTE_MS } from '../../lib/time.js';
import { type Db, type Move, prepare } from '../sqlite.js';

interface OwnDay {
  /** YYYY-MM-DD, UTC. */
  readonly day: string;
  /** Minutes in which the panel ran with the network in reach. */
  readonly up: number;
  /** Minutes in which it ran cut off. */
  readonly cut: number;
}

/** From `from` until `until`, ms since the epoch. */
export interface Outage {
  readonly from: number;
  readonly until: number;
}

export interface OwnStore {
  /** Called about every minute while the panel runs; `at` in ms since the epoch. `cut`: nobody could be reached. */
  beat(at: number, state: 'up' | 'cut'): void;
  /** The days from that of `since` (ms since the epoch), oldest first, without days on which the panel never ran. */
  days(since: number): OwnDay[];
  /**
   * When nobody could be reached from here, oldest first: whole days since the first one of `since` on which the panel ran,
   * and to the minute while this process runs.
   */
  outages(since: number): Outage[];
}

export interface PrunableOwn extends OwnStore {
  /** The panel ran on all of that day (days since the epoch). */
  put(day: number): void;
  /** Deletes the days before that of `before` (ms since the epoch); returns how many. */
  prune(before: number): number;
  /** Moves the minutes that this process has counted; of earlier ones it is not known when on their day they were. */
  move(move: Move): void;
}

export const OWN_SCHEMA = `
  CREATE TABLE own (
    day INTEGER PRIMARY KEY,
    up INTEGER NOT NULL,
    cut INTEGER NOT NULL,
    CHECK (up >= 0 AND cut >= 0 AND up + cut <= 1440)
  ) STRICT;
`;

/** A clock that was set back counts some minutes twice, but no day has more than 1,440. */
const BEAT = `
  INSERT INTO own (day, up, cut) VALUES (@day, @up, @cut)
  ON CONFLICT DO UPDATE SET up = min(up + excluded.up, 1440 - cut), cut = min(cut + excluded.cut, 1440 - up)`;
const TAKE = 'UPDATE own SET up = max(0, up - @up), cut = max(0, cut - @cut) WHERE day = @day';

/** Minutes (since the epoch) in a row of the same state. */
interface Stretch {
  from: number;
  until: number;
  readonly state: 'up' | 'cut';
}
/** A link that comes and goes makes many; the oldest are forgotten, and stay where they are. */
const MAX_STRETCHES = 1_000;

export function ownStore(db: Db): PrunableOwn {
  const beat = prepare(db, BEAT);
  const take = prepare(db, TAKE);
  const days = prepare<[number], OwnDay & { day: number }>(
    db,
    'SELECT day, up, cut FROM own WHERE day >= ? AND up + cut > 0 ORDER BY day',
  );
  const prune = prepare<[number]>(db, 'DELETE FROM own WHERE day < ?');
  let stretches: Stretch[] = [];
  let last = Number.NaN;
  const note = (minute: number, state: Stretch['state']) => {
    const latest = stretches.at(-1);
    if (latest?.state === state && latest.until === minute - 1) latest.until = minute;
    else stretches = [...stretches, { from: minute, until: minute, state }].slice(-MAX_STRETCHES);
  };
  return {
    beat: (at, state) => {
      const minute = Math.floor(at / MINUTE_MS);
      if (minute === last) return;
      // A late beat skips a minute now and then; a longer gap means that the panel did not run.
      const first = minute - last === 2 ? minute - 1 : minute;
      for (let counted = first; counted <= minute; counted++) {
        beat.run({ day: dayOf(counted * MINUTE_MS), up: state === 'up' ? 1 : 0, cut: state === 'cut' ? 1 : 0 });
        note(counted, state);
      }
      last = minute;
    },
    put: (day) => void beat.run({ day, up: DAY_MS / MINUTE_MS, cut: 0 }),
    days: (since) => days.all(dayOf(since)).map(({ day, up, cut }) => ({ day: dayName(day), up, cut })),
    outages: (since) => {
      const rows = days.all(dayOf(since));
      return [...lostDays(rows), ...lostMinutes(stretches)].filter(({ until }) => until > since);
    },
    prune: (before) => prune.run(dayOf(before)).changes,
    move: ({ from, until, by }) => {
      const isMoved = (stretch: Stretch) => stretch.until * MINUTE_MS >= from && stretch.from * MINUTE_MS <= until;
      const minutes = Math.round(by / MINUTE_MS);
      const later = stretches.filter(isMoved);
      for (const share of later.flatMap(byDay)) take.run(share);
      for (const stretch of later) {
        stretch.from += minutes;
        stretch.until += minutes;
      }
      for (const share of later.flatMap(byDay)) beat.run(share);
      last += minutes;
    },
  };
}

/** Days without a minute of contact, those without a row too; neighbours as one. */
function lostDays(rows: readonly { readonly day: number; readonly up: number }[]): Outage[] {
  const connected = rows.filter(({ up }) => up > 0).map(({ day }) => day);
  const first = rows[0]?.day ?? Number.NaN;
  // The day that goes on may still bring contact.
  const ends = [first - 1, ...connected];
  return ends.flatMap((day, at) => {
    const next = ends[at + 1] ?? rows.at(-1)?.day ?? day;
    return next - day > 1 ? [{ from: (day + 1) * DAY_MS, until: next * DAY_MS }] : [];
  });
}

function lostMinutes(stretches: readonly Stretch[]): Outage[] {
  return stretches.flatMap(({ from, until, state }, at) => {
    const before = stretches[at - 1];
    const gap = before && from - before.until > 1 ? [{ from: before.until + 1, until: from }] : [];
    const cut = state === 'cut' ? [{ from, until: until + 1 }] : [];
    return [...gap, ...cut].map((span) => ({ from: span.from * MINUTE_MS, until: span.until * MINUTE_MS }));
  });
}

/** How many minutes of the stretch each day has. */
function byDay({ from, until, state }: Stretch): { day: number; up: number; cut: number }[] {
  const shares = [];
  for (let first = from; first <= until; ) {
    const day = dayOf(first * MINUTE_MS);
    const next = Math.min(until + 1, ((day + 1) * DAY_MS) / MINUTE_MS);
    shares.push({ day, up: state === 'up' ? next - first : 0, cut: state === 'cut' ? next - first : 0 });
    first = next;
  }
  return shares;
}

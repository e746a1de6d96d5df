/** This node's own availability, minute by minute: it tells a provider's absence from ours. */
import type Database from 'better-sqlite3';
import { dayName, dayOf, MINUTE_MS } from '../../lib/time.js';
import { prepare } from '../sqlite.js';

interface OwnDay {
  /** YYYY-MM-DD, UTC. */
  readonly day: string;
  /** Minutes in which the panel ran with the network in reach. */
  readonly up: number;
  /** Minutes in which it ran cut off. */
  readonly cut: number;
}

export interface OwnStore {
  /** Called about every minute while the panel runs; `at` in ms since the epoch. `cut`: nobody could be reached. */
  beat(at: number, state: 'up' | 'cut'): void;
  /** The days from that of `since` (ms since the epoch), oldest first, without days on which the panel never ran. */
  days(since: number): OwnDay[];
}

export interface PrunableOwn extends OwnStore {
  /** Deletes the days before that of `before` (ms since the epoch); returns how many. */
  prune(before: number): number;
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

export function ownStore(db: Database.Database): PrunableOwn {
  const beat = prepare(db, BEAT);
  const days = prepare<[number], OwnDay & { day: number }>(
    db,
    'SELECT day, up, cut FROM own WHERE day >= ? ORDER BY day',
  );
  const prune = prepare<[number]>(db, 'DELETE FROM own WHERE day < ?');
  let last = Number.NaN;
  return {
    beat: (at, state) => {
      const minute = Math.floor(at / MINUTE_MS);
      if (minute === last) return;
      // A late beat skips a minute now and then; a longer gap means that the panel did not run.
      const first = minute - last === 2 ? minute - 1 : minute;
      for (let counted = first; counted <= minute; counted++) {
        beat.run({ day: dayOf(counted * MINUTE_MS), up: state === 'up' ? 1 : 0, cut: state === 'cut' ? 1 : 0 });
      }
      last = minute;
    },
    days: (since) => days.all(dayOf(since)).map(({ day, up, cut }) => ({ day: dayName(day), up, cut })),
    prune: (before) => prune.run(dayOf(before)).changes,
  };
}

/** Who has announced which provider since when, so that a restart does not forget who was here before a flood, and who was first. */
import { DAY_MS, dayOf } from '../../lib/time.js';
import { type Db, type Move, prepare } from '../sqlite.js';

export interface AnnouncerStore {
  /** When the announcer first announced anything, ms since the epoch; null = never. */
  announcer(announcer: string): number | null;
  /** When it first announced the provider; null = never. */
  claim(provider: string, announcer: string): number | null;
  /** Stores what is announced now; `at` in ms since the epoch. Writes only what is new, or new today. */
  note(
    claims: Iterable<{ readonly provider: string; readonly announcer: string; readonly since: number }>,
    at: number,
  ): void;
}

export interface MovableAnnouncers extends AnnouncerStore {
  move(move: Move): void;
}

export const ANNOUNCERS_SCHEMA = `
  CREATE TABLE announcers (
    announcer TEXT NOT NULL,
    provider TEXT NOT NULL,
    since INTEGER NOT NULL,
    heard INTEGER NOT NULL,
    PRIMARY KEY (announcer, provider)
  ) STRICT, WITHOUT ROWID;
`;

/** A row is deleted this long after the last announcement, or where there are more rows than this, oldest first. */
const MAX_DAYS = 30;
const MAX_ROWS = 5_000;

/** A day in the future comes from a clock that was set back since. */
const NOTE = `
  INSERT INTO announcers (announcer, provider, since, heard) VALUES (@announcer, @provider, @since, @today)
  ON CONFLICT DO UPDATE SET heard = excluded.heard WHERE heard <> excluded.heard`;
const MOVE = `
  UPDATE announcers SET since = since + iif(since BETWEEN @from AND @until, @by, 0),
    heard = heard + iif(heard BETWEEN @firstDay AND @lastDay, @days, 0)`;
const TRIM = `
  DELETE FROM announcers WHERE (announcer, provider) IN (
    SELECT announcer, provider FROM announcers ORDER BY heard DESC, since LIMIT -1 OFFSET ${MAX_ROWS})`;

export function announcerStore(db: Db): MovableAnnouncers {
  const announcer = prepare<[string], number>(db, 'SELECT min(since) FROM announcers WHERE announcer = ?').pluck();
  const claim = prepare<[string, string], number>(
    db,
    'SELECT since FROM announcers WHERE announcer = ? AND provider = ?',
  ).pluck();
  const note = prepare(db, NOTE);
  const forget = prepare<[number]>(db, 'DELETE FROM announcers WHERE heard < ?');
  const count = prepare<[], number>(db, 'SELECT count(*) FROM announcers').pluck();
  const trim = prepare(db, TRIM);
  const move = prepare<Move & { firstDay: number; lastDay: number; days: number }>(db, MOVE);
  const write = db.transaction((claims: Parameters<AnnouncerStore['note']>[0], at: number) => {
    const today = dayOf(at);
    for (const { provider, announcer, since } of claims) note.run({ provider, announcer, since, today });
    forget.run(today - MAX_DAYS);
    if ((count.get() ?? 0) > MAX_ROWS) trim.run();
  });
  return {
    announcer: (name) => announcer.get(name) ?? null,
    claim: (provider, name) => claim.get(name, provider) ?? null,
    move: (span) => {
      const { from, until, by } = span;
      move.run({ ...span, firstDay: dayOf(from), lastDay: dayOf(until), days: Math.round(by / DAY_MS) });
    },
    note: (claims, at) => write.immediate(claims, at),
  };
}

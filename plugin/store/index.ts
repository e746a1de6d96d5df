/** What the panel remembers: one SQLite file, opened with a check, migrated forward only. */
import type { Clock } from '../lib/clock/index.js';
import { HOUR_MS } from '../lib/time.js';
import type { PanelError } from '../model/errors.js';
import { followClock } from './clock.js';
import type { Connection } from './connection.js';
import { type ExportRows, exporter } from './export.js';
import { open, type Unkept } from './open.js';
import { filler, type Past } from './past.js';
import { pruner } from './retention.js';
import { type Db, pragma, prepare } from './sqlite.js';
import { type AnnouncerStore, announcerStore } from './tables/announcers.js';
import { type AttemptStore, attemptStore } from './tables/attempts.js';
import { type EventStore, eventStore } from './tables/events.js';
import { type DayRow, type HistoryStore, historyStore, NOT_TRIED, type TypeHealth } from './tables/history.js';
import { type JobStore, jobStore } from './tables/jobs.js';
import { type Opinion, type OpinionStore, opinionStore } from './tables/opinions.js';
import { type OwnStore, ownStore } from './tables/own.js';
import { type Peer, type PeerStore, peerStore, type Said } from './tables/peers.js';
import { type ProviderIds, providerIds, providerKeys } from './tables/providers.js';
import { type RecommendationStore, recommendationStore } from './tables/recommendations.js';
import { type Session, type SessionStore, sessionStore } from './tables/sessions.js';
import { type SettingStore, settingStore } from './tables/settings.js';
import { watchers } from './watch.js';

export type { DayRow, JobStore, Opinion, Past, Peer, PeerStore, Said, Session, SessionStore, SettingStore, TypeHealth };
export { NOT_TRIED };

export interface Store {
  /** Who has announced what, since when. */
  readonly announcers: AnnouncerStore;
  readonly ids: ProviderIds;
  readonly attempts: AttemptStore;
  readonly history: HistoryStore;
  readonly opinions: OpinionStore;
  /** Neighbours' panels, and what they say. */
  readonly peers: PeerStore;
  readonly recommendations: RecommendationStore;
  readonly own: OwnStore;
  readonly jobs: JobStore;
  /** The log of what was done here. */
  readonly events: EventStore;
  readonly sessions: SessionStore;
  readonly settings: SettingStore;
  /** Where a damaged file was moved at opening; null when all was well. */
  readonly movedAside: string | null;
  /** Takes in a made-up past, where nothing was measured. */
  readonly fill: (past: Past) => void;
  /** Every stored attempt of the type, or of one provider, oldest first; read lazily. */
  readonly exportRows: ExportRows;
  /** Returns once everything written so far survives a power cut. Costs a disk flush: never inside a timed span. */
  flush(): void;
  /**
   * Deletes some rows that are too old (attempts and jobs after 30 days, days after two years, ended sessions), or the
   * oldest that no longer fit; few enough to take milliseconds. Returns how many; 0 = nothing is left to delete.
   */
  prune(): number;
  /** Why nothing is kept at the moment, but only held in memory; null while everything is. */
  readonly unkept: PanelError | null;
  close(): void;
}

/** Limit of the file with its write-ahead log, bytes. */
const MAX_BYTES = 20_000_000;

interface StoreOptions {
  /** Where the disk cannot be written, at the start or later. */
  readonly unkept?: Unkept;
}

/**
 * Opens the file, creating it and its folder where missing; `:memory:` stores nothing. `time` in ms since the epoch: a clock
 * whose jumps the rows follow, or one that nobody sets.
 * @throws PanelError `bad-config` when the file cannot be opened, or was written by a later version of this program.
 */
export function openStore(
  path: string,
  time: Clock | (() => number) = Date.now,
  maxBytes = MAX_BYTES,
  { unkept = 'refuse' }: StoreOptions = {},
): Store {
  let movedAside: string | null = null;
  let note = (to: string) => {
    movedAside = to;
  };
  const options = { unkept, onMovedAside: (to: string) => note(to) };
  const { connection, value } = open(path, toNow(time), options, (db) => storeOn(db, time, maxBytes));
  const store = {
    ...value,
    movedAside: movedAside as string | null,
    get unkept() {
      return connection.unkept;
    },
  };
  note = (to) => {
    store.movedAside = to;
  };
  return store;
}

const toNow = (time: Clock | (() => number)) => (typeof time === 'function' ? time : () => time.now());

type Tables = Omit<Store, 'movedAside' | 'unkept'>;

function storeOn(db: Connection, time: Clock | (() => number), maxBytes: number): Tables {
  const now = toNow(time);
  const keys = providerKeys(db);
  const changes = watchers(db);
  const settings = settingStore(db);
  const prunable = {
    attempts: attemptStore(db, now, keys, changes),
    history: historyStore(db, now, keys),
    jobs: jobStore(db, now),
    own: ownStore(db),
    sessions: sessionStore(db),
  };
  const dated = {
    ...{ announcers: announcerStore(db), events: eventStore(db, now) },
    ...{ opinions: opinionStore(db, now), recommendations: recommendationStore(db, now) },
    peers: peerStore(db),
  };
  const { attempts, history, jobs, own, sessions } = prunable;
  const { announcers, events, opinions, peers, recommendations } = dated;
  // Days after the attempts that they are computed from.
  const tables = [attempts, history, jobs, own, sessions, announcers, events, opinions, peers, recommendations];
  const latest = (before: number) => newest([attempts.latest(before), events.latest(before), sessions.latest(before)]);
  const clock = typeof time === 'function' ? null : followClock(db, time, settings, { tables, latest });
  return {
    ...prunable,
    ...dated,
    own: clock === null ? own : { ...own, beat: withClock(db, own.beat, clock.save) },
    ids: providerIds(db, changes.touched),
    settings,
    fill: filler(db, { attempts, history, own, recommendations }),
    exportRows: exporter(db),
    flush: flusher(db),
    prune: pruner(db, prunable, now, maxBytes),
    close: () => {
      clock?.stop();
      db.close();
    },
  };
}

/** Once an hour, in one commit, where the clock stands is written down; rows tell of the time between. */
function withClock(db: Db, beat: OwnStore['beat'], save: () => void): OwnStore['beat'] {
  let savedAt = Number.NaN;
  const both = db.transaction((at: number, state: 'up' | 'cut') => {
    beat(at, state);
    savedAt = Number.isNaN(savedAt) ? at : savedAt;
    if (Math.abs(at - savedAt) < HOUR_MS) return;
    save();
    savedAt = at;
  });
  return (at, state) => both.immediate(at, state);
}

const newest = (dates: readonly (number | null)[]) =>
  dates.reduce((latest, date) => (date === null || (latest !== null && latest >= date) ? latest : date), null);

/**
 * Under synchronous=NORMAL a commit only appends to the write-ahead log, without a disk flush: it survives the death of
 * the process, not a power cut. "With synchronous=FULL in WAL mode, an additional sync operation of the WAL file happens
 * after each transaction commit" (https://sqlite.org/pragma.html#pragma_synchronous). That sync is of the whole file, so
 * one commit under FULL carries every earlier one with it; writing the schema version again is the smallest there is.
 * Copying the log back afterwards keeps it short, so that no commit of the next scan has to; only the very next commit
 * flushes once, to restart the log: the row of the next job, before any probe.
 */
function flusher(db: Db): () => void {
  const full = prepare(db, 'PRAGMA synchronous = FULL');
  const normal = prepare(db, 'PRAGMA synchronous = NORMAL');
  const rewrite = prepare(db, `PRAGMA user_version = ${pragma(db, 'user_version')}`);
  const copyBack = prepare(db, 'PRAGMA wal_checkpoint(PASSIVE)');
  return () => {
    full.run();
    try {
      rewrite.run();
    } finally {
      normal.run();
    }
    copyBack.all();
  };
}

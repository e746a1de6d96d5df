/** The shape of the database, as the steps that led to it. Forward only: a released step is never edited. */
import type Database from 'better-sqlite3';
import { PanelError } from '../model/errors.js';
import { pragma } from './sqlite.js';
import { ANNOUNCERS_SCHEMA } from './tables/announcers.js';
import { ATTEMPTS_SCHEMA } from './tables/attempts.js';
import { EVENTS_SCHEMA } from './tables/events.js';
import { HISTORY_SCHEMA } from './tables/history.js';
import { JOBS_SCHEMA } from './tables/jobs.js';
import { OPINIONS_SCHEMA, RESERVE_SCHEMA } from './tables/opinions.js';
import { OWN_SCHEMA } from './tables/own.js';
import { PEERS_SCHEMA } from './tables/peers.js';
import { IDS_SCHEMA } from './tables/providers.js';
import { LEADS_SINCE_SCHEMA, RECOMMENDATIONS_SCHEMA, SINCE_SCHEMA } from './tables/recommendations.js';
import { LOGINS_SCHEMA, SESSIONS_SCHEMA } from './tables/sessions.js';
import { SETTINGS_SCHEMA } from './tables/settings.js';

/** The n-th step leads to `user_version` n. */
const STEPS: readonly string[] = [
  ATTEMPTS_SCHEMA + JOBS_SCHEMA + SESSIONS_SCHEMA + SETTINGS_SCHEMA,
  HISTORY_SCHEMA + OPINIONS_SCHEMA + RECOMMENDATIONS_SCHEMA + OWN_SCHEMA,
  EVENTS_SCHEMA,
  LOGINS_SCHEMA,
  ANNOUNCERS_SCHEMA + IDS_SCHEMA,
  SINCE_SCHEMA,
  PEERS_SCHEMA + LEADS_SINCE_SCHEMA + RESERVE_SCHEMA,
];

const readVersion = (db: Database.Database) => Number(pragma(db, 'user_version'));

/**
 * Brings the file to the current shape, all or nothing, also when two processes open it at once.
 * @throws PanelError `bad-config` for a file that a later version of this program wrote; it stays untouched.
 */
export function migrate(db: Database.Database): void {
  if (readVersion(db) === STEPS.length) return;
  const run = db.transaction(() => {
    const version = readVersion(db);
    if (version > STEPS.length) throw tooNew(db.name, version);
    for (const step of STEPS.slice(version)) db.exec(step);
    pragma(db, `user_version = ${STEPS.length}`);
  });
  run.immediate();
}

function tooNew(file: string, version: number): PanelError {
  return new PanelError(
    'bad-config',
    `${file} was written by a later version of this program (shape ${version}; this one knows ${STEPS.length}).`,
    `Install that version again, or move ${file} away: the panel then starts a new one, without the old measurements.`,
  );
}

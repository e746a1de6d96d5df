/** Ninety days of a community of 100 as a panel wrote them when ids had 12 digits, and the same as it is to be afterwards. */
import Database from 'better-sqlite3';
import { providerId } from '../../plugin/model/provider.js';
import { openStore, type Store } from '../../plugin/store/index.js';
import type { ProviderName } from '../../plugin/store/tables/providers.js';
import { FAILING } from '../../plugin/store/tables/settings.js';
import { answered, DAY, failed, freshPath, job, NOW } from './made.js';
import { writeShape } from './shapes.js';

const DAYS = 90;
/** Shape of the last files with ids of 12 digits. */
const SHAPE = 4;
const TABLES = [
  ...['attempts', 'days', 'opinions', 'ratings', 'recommendations', 'jobs', 'events', 'settings', 'own', 'sessions'],
];

export const TYPES = ['dnsservice', 'syncthing', 'a.type-of-ours'] as const;
const typeAt = (index: number) => TYPES[index % TYPES.length] ?? 'dnsservice';

export const LISTED: readonly ProviderName[] = Array.from({ length: 100 }, (_, index) => {
  const type = typeAt(index);
  return { type, id: providerId({ type, address: `10.0.0.${index}`, port: 53 }) };
});

/** What tables of that shape did not have. */
const LATER = [
  'recommendations DROP COLUMN since',
  'recommendations DROP COLUMN leads_since',
  'opinions DROP COLUMN reserve',
];

/** As it was. */
export const shortOf = (id: string) => id.slice(0, 12);

/** What a panel of that time had in its file. `providerIdOf` makes the ids that it had. */
function fill(store: Store, clock: { now: number }, providerIdOf: (id: string) => string): void {
  const listed = LISTED.map(({ type, id }) => ({ type, provider: providerIdOf(id) }));
  for (let day = DAYS - 1; day >= 0; day--) {
    for (const [index, of] of listed.entries()) {
      clock.now = NOW - day * DAY + index;
      store.attempts.add(
        answered(clock.now, { ...of, samples: [{ metric: 'rtt', value: day + index, method: 'udp' }] }),
      );
      store.attempts.add(failed(clock.now + 1000, of));
      store.history.note(of.type, of.provider, index);
    }
    while (store.prune() > 0);
  }
  for (const [index, { type, provider }] of listed.entries()) {
    store.opinions.put(type, provider, { pinned: index % 7 === 0, hidden: index % 5 === 0, note: `note ${index}` });
    for (let stars = 1; stars <= 3; stars++) {
      clock.now = NOW + stars;
      store.opinions.rate(type, provider, stars as 1 | 2 | 3);
    }
    store.jobs.put(job(`job${index}`, { type, provider, state: 'done' }));
    const event = { by: 'owner', name: '', what: 'scan', type, provider, result: 'done', job: `job${index}` } as const;
    store.events.add(event);
  }
  const [one, , , other] = listed.map(({ provider }) => provider);
  store.recommendations.put(TYPES[0], { provider: one as string, challenger: other as string });
  store.settings.set(
    FAILING,
    JSON.stringify([
      [one, { misses: 4, told: true }],
      ['own:serf', { misses: 1, told: false }],
    ]),
  );
}

function withStore<T>(path: string, work: (store: Store, clock: { now: number }) => T): T {
  const clock = { now: NOW };
  const store = openStore(path, () => clock.now);
  try {
    return work(store, clock);
  } finally {
    store.close();
  }
}

/** Writes such a file. */
export function writeOldFile(path: string): void {
  const source = `${path}.source`;
  withStore(source, (store, clock) => fill(store, clock, shortOf));
  writeShape(path, SHAPE);
  const db = new Database(path);
  db.prepare('ATTACH ? AS source').run(source);
  for (const later of LATER) db.exec(`ALTER TABLE source.${later}`);
  for (const table of TABLES)
    db.exec(`DELETE FROM main.${table}; INSERT INTO main.${table} SELECT * FROM source.${table}`);
  db.close();
}

/** Makes of the file of a panel of today, which is closed, one of before: these ids of 32 digits become those of 12. */
export function shortenIds(path: string, ids: readonly string[]): void {
  const db = new Database(path);
  for (const table of ['opinions', 'ratings', 'recommendations', 'jobs', 'events'])
    db.exec(`UPDATE ${table} SET provider = substr(provider, 1, 12)`);
  db.exec('UPDATE recommendations SET challenger = substr(challenger, 1, 12)');
  for (const id of ids) db.prepare('UPDATE settings SET value = replace(value, ?, ?)').run(id, shortOf(id));
  // Attempts and days lie under the first 12 digits as ever; what came later was not there.
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all() as string[];
  for (const name of tables.filter((name) => !TABLES.includes(name))) db.exec(`DROP TABLE ${name}`);
  for (const later of LATER) db.exec(`ALTER TABLE ${later}`);
  db.pragma(`user_version = ${SHAPE}`);
  db.close();
}

/** A file of a panel of today but for its ids: one attempt and one pin under each of these, of 12 digits. Returns its path. */
export function writeOldRows(type: string, ...ids: readonly string[]): string {
  const path = freshPath();
  withStore(path, (store) => {
    for (const provider of ids) {
      store.attempts.add(answered(NOW, { type, provider }));
      store.opinions.put(type, provider, { pinned: true });
    }
  });
  shortenIds(path, []);
  return path;
}

/** All that the store says of providers, and of how much it holds. */
export function everything(store: Store) {
  return {
    attempts: TYPES.map((type) => [...store.exportRows(type, null)]),
    newest: TYPES.map((type) => [...store.attempts.recent(type)].sort()),
    days: LISTED.map(({ type, id }) => store.history.days(type, id, 0)),
    bars: TYPES.map((type) => [...store.history.bars(type, NOW - DAYS * DAY)].sort()),
    opinions: TYPES.map((type) => [...store.opinions.all(type)].sort()),
    recommendations: TYPES.map((type) => store.recommendations.get(type)),
    jobs: LISTED.map((_, index) => store.jobs.get(`job${index}`)),
    events: store.events.newest(1_000),
    failing: store.settings.get(FAILING),
  };
}

/** What the store is to say of the file once its rows have found their providers. */
export function expected(): ReturnType<typeof everything> {
  return withStore(':memory:', (store, clock) => {
    fill(store, clock, (id) => id);
    clock.now = NOW;
    return everything(store);
  });
}

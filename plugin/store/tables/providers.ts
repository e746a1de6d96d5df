/**
 * Provider ids in the file. Attempts and days lie under a short key, so that no row repeats the 32 digits of an id; this
 * table says whose key it is. What is small (opinions, stars, recommendations, jobs, events) has the id itself.
 *
 * Until shape 5 an id had 12 digits: the first 12 of today's, too few to keep two providers apart. Such an id cannot be
 * computed back into a provider, so its rows wait for one:
 * - They go to the first listed provider of their type whose id begins with those digits, once and for good. A provider
 *   made up to begin with the same digits comes too late, and has a key of its own.
 * - Where the list has two such providers, nobody can say whose they are: they go to neither, now or later. Else one
 *   made up would only have to wait until the other is away.
 * - What remains: who finds an address and port with the digits of one given neighbour (2^48 hashes), and is listed after
 *   the update while that neighbour is not, gets its old rows; never those of an id that was met since.
 */
import type Database from 'better-sqlite3';
import { prepare } from '../sqlite.js';
import { FAILING } from './settings.js';

export interface ProviderName {
  readonly type: string;
  readonly id: string;
}

export interface ProviderIds {
  /**
   * Gives the rows under ids of 12 digits to the providers that they are of. Costs nothing once all rows have one, or
   * for the list of the last call. Call it before anything is read or written of a provider.
   * @param listed all providers listed now, of all types
   */
  claim(listed: readonly ProviderName[]): void;
}

/** For the tables whose rows lie under keys. */
export interface ProviderKeys {
  /** Makes sure that the provider has a key. Within the transaction that writes the first row under it. */
  add(type: string, id: string): void;
  /** Call with the keys whose last row may be gone: those without any are forgotten. Returns the ids that they were of. */
  sweep(keys: Iterable<readonly [type: string, key: string]>): ProviderName[];
}

export const IDS_SCHEMA = `
  CREATE TABLE providers (
    type TEXT NOT NULL,
    id TEXT NOT NULL,
    key TEXT NOT NULL,
    waiting INTEGER NOT NULL CHECK (waiting IN (0, 1)),
    PRIMARY KEY (type, id),
    UNIQUE (type, key)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO providers (type, id, key, waiting)
    SELECT type, provider, provider, 1 FROM (
      SELECT type, provider FROM days
      UNION SELECT type, provider FROM attempts
      UNION SELECT type, provider FROM opinions
      UNION SELECT type, provider FROM ratings
      UNION SELECT type, provider FROM recommendations
      UNION SELECT type, challenger FROM recommendations
      UNION SELECT type, provider FROM jobs
      UNION SELECT type, provider FROM events
    ) WHERE type IS NOT NULL AND provider IS NOT NULL;
`;

/** Key of the provider `@id` of `@type`; null where nothing was ever stored of it. */
export const KEY = '(SELECT key FROM providers WHERE type = @type AND id = @provider)';

/** Digits of a key. */
const DIGITS = 12;

const ADD = `
  INSERT INTO providers (type, id, key, waiting)
  SELECT @type, @id, iif(EXISTS (SELECT 1 FROM providers WHERE type = @type AND key = @short), @id, @short), 0
  WHERE NOT EXISTS (SELECT 1 FROM providers WHERE type = @type AND id = @id)`;

const CLAIM = `
  UPDATE providers SET id = @id, waiting = 0 WHERE type = @type AND key = @key AND waiting = 1
    AND NOT EXISTS (SELECT 1 FROM providers WHERE type = @type AND id = @id)`;

/** Everything else that names a provider. An opinion on the new id cannot be older than the claim. */
const RENAMES = [
  'UPDATE OR IGNORE opinions SET provider = @id WHERE type = @type AND provider = @key',
  'UPDATE OR IGNORE ratings SET provider = @id WHERE type = @type AND provider = @key',
  'UPDATE recommendations SET provider = @id WHERE type = @type AND provider = @key',
  'UPDATE recommendations SET challenger = @id WHERE type = @type AND challenger = @key',
  'UPDATE jobs SET provider = @id WHERE type = @type AND provider = @key',
  'UPDATE events SET provider = @id WHERE type = @type AND provider = @key',
];

/** Who is named there: few, while strangers may have had thousands measured; and jobs have no index by provider. */
const NAMED = `
  SELECT type, provider FROM opinions
  UNION SELECT type, provider FROM ratings
  UNION SELECT type, provider FROM recommendations
  UNION SELECT type, challenger FROM recommendations
  UNION SELECT type, provider FROM jobs
  UNION SELECT type, provider FROM events`;

/** Alerts are kept as `[["<id>",{…}],…]`. */
const RENAME_FAILING = `
  UPDATE settings SET value = replace(value, '["' || @key || '",', '["' || @id || '",')
  WHERE name = '${FAILING}' AND instr(value, '["' || @key || '",') > 0`;

const SWEEP = `
  DELETE FROM providers WHERE type = @type AND key = @key AND waiting = 0
    AND NOT EXISTS (SELECT 1 FROM attempts WHERE type = @type AND provider = @key)
    AND NOT EXISTS (SELECT 1 FROM days WHERE type = @type AND provider = @key)`;

interface Key {
  readonly type: string;
  readonly key: string;
}
type Claim = ProviderName & Key;

/** @param moved is told under which ids rows have gone, and under which they are now */
export function providerIds(db: Database.Database, moved: (type: string, id: string) => void): ProviderIds {
  const waiting = waitingKeys(db);
  const take = prepare<Claim>(db, CLAIM);
  const contest = prepare<Key>(
    db,
    'UPDATE providers SET waiting = 0 WHERE type = @type AND key = @key AND waiting = 1',
  );
  const renames = RENAMES.map((sql) => prepare<Claim>(db, sql));
  const renameFailing = prepare<Omit<Claim, 'type'>>(db, RENAME_FAILING);
  const named = prepare<[], [type: string, key: string]>(db, NAMED).raw();
  let last: readonly ProviderName[] | null = null;

  const rename = (claim: Claim, isNamed: boolean) => {
    if (isNamed) for (const statement of renames) statement.run(claim);
    renameFailing.run(claim);
  };
  const settle = db.transaction((claims: ReadonlyMap<string, readonly [Claim, ...Claim[]]>) => {
    const names = new Set(named.all().map(([type, key]) => nameOf(type, key)));
    for (const [name, [claim, ...others]] of claims) {
      if (others.length === 0 && take.run(claim).changes > 0) rename(claim, names.has(name));
      else contest.run({ type: claim.type, key: claim.key });
    }
  });

  return {
    claim: (listed) => {
      if (waiting.size === 0 || listed === last) return;
      last = listed;
      const claims = claimsOf(listed, waiting);
      if (claims.size === 0) return;
      settle.immediate(claims);
      for (const [name, [{ type, id, key }]] of claims) {
        waiting.delete(name);
        moved(type, key);
        moved(type, id);
      }
    },
  };
}

export function providerKeys(db: Database.Database): ProviderKeys {
  const add = prepare<ProviderName & { short: string }>(db, ADD);
  const idOf = prepare<Key, string>(db, 'SELECT id FROM providers WHERE type = @type AND key = @key').pluck();
  const sweep = prepare<Key>(db, SWEEP);
  return {
    add: (type, id) => void add.run({ type, id, short: shortOf(id) }),
    sweep: (keys) => {
      const ids = new Map<string, ProviderName>();
      for (const [type, key] of keys) {
        const name = nameOf(type, key);
        if (ids.has(name)) continue;
        ids.set(name, { type, id: idOf.get({ type, key }) ?? key });
        sweep.run({ type, key });
      }
      return [...ids.values()];
    },
  };
}

const shortOf = (id: string) => id.slice(0, DIGITS);
const nameOf = (type: string, key: string) => JSON.stringify([type, key]);

function waitingKeys(db: Database.Database): Set<string> {
  const rows = prepare<[], Key>(db, 'SELECT type, key FROM providers WHERE waiting = 1').all();
  return new Set(rows.map(({ type, key }) => nameOf(type, key)));
}

/** Of each waiting key the listed providers that it may be of. */
function claimsOf(listed: readonly ProviderName[], waiting: ReadonlySet<string>): Map<string, [Claim, ...Claim[]]> {
  const claims = new Map<string, [Claim, ...Claim[]]>();
  for (const { type, id } of listed) {
    const key = shortOf(id);
    const name = nameOf(type, key);
    if (id === key || !waiting.has(name)) continue;
    const claim = { type, id, key };
    const others = claims.get(name);
    if (others?.some((other) => other.id === id)) continue;
    if (others) others.push(claim);
    else claims.set(name, [claim]);
  }
  return claims;
}

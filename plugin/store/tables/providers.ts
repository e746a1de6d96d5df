/**
 * Provider ids. Attempts and days are stored under a short key, so that no row repeats the 32 digits of an id; this table
 * maps keys to ids. Small tables (opinions, stars, recommendations, jobs, events) hold the id itself.
 *
 * Until shape 5 an id had 12 digits: the first 12 of today's, too few to tell two providers apart. Such an id cannot be
 * computed back into a provider, so its rows wait to be claimed:
 * - The first listed provider of their type whose id starts with those digits gets them, once and for good. A provider made
 *   up to start with the same digits comes too late, and gets a key of its own.
 * - Where two such providers are listed, nobody can tell whose rows they are: neither gets them, now or later. Otherwise a
 *   made-up one would only have to wait until the other is away.
 * - The remaining risk: an attacker who finds an address and port with the digits of a given neighbour (2^48 hashes), and is
 *   listed after the update while that neighbour is not, gets its old rows; never those of an id seen since.
 */
import { type Db, prepare } from '../sqlite.js';
import { FAILING } from './settings.js';

export interface ProviderName {
  readonly type: string;
  readonly id: string;
}

export interface ProviderIds {
  /**
   * Gives the rows under ids of 12 digits to their providers. Free once all rows are claimed, and for the list of the last
   * call. Call it before reading or writing anything about a provider.
   * @param listed all providers listed now, of all types
   */
  claim(listed: readonly ProviderName[]): void;
}

/** For the tables whose rows are stored under keys. */
export interface ProviderKeys {
  /** Ensures that the provider has a key. Call it within the transaction that writes the first row under it. */
  add(type: string, id: string): void;
  /** Deletes those of the keys that have no rows any more. Returns the ids of all the keys. */
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

/** Key of the provider `@id` of `@type`; null where nothing about it was ever stored. */
export const KEY = '(SELECT key FROM providers WHERE type = @type AND id = @provider)';

const KEY_DIGITS = 12;

const ADD = `
  INSERT INTO providers (type, id, key, waiting)
  SELECT @type, @id, iif(EXISTS (SELECT 1 FROM providers WHERE type = @type AND key = @short), @id, @short), 0
  WHERE NOT EXISTS (SELECT 1 FROM providers WHERE type = @type AND id = @id)`;

const CLAIM = `
  UPDATE providers SET id = @id, waiting = 0 WHERE type = @type AND key = @key AND waiting = 1
    AND NOT EXISTS (SELECT 1 FROM providers WHERE type = @type AND id = @id)`;

/** Everything else that holds a provider's id. An opinion on the new id cannot be older than the claim. */
const RENAMES = [
  'UPDATE OR IGNORE opinions SET provider = @id WHERE type = @type AND provider = @key',
  'UPDATE OR IGNORE ratings SET provider = @id WHERE type = @type AND provider = @key',
  'UPDATE recommendations SET provider = @id WHERE type = @type AND provider = @key',
  'UPDATE recommendations SET challenger = @id WHERE type = @type AND challenger = @key',
  'UPDATE jobs SET provider = @id WHERE type = @type AND provider = @key',
  'UPDATE events SET provider = @id WHERE type = @type AND provider = @key',
];

/** The ids held there: few, while strangers may have had thousands measured; and jobs have no index by provider. */
const REFERENCED = `
  SELECT type, provider FROM opinions
  UNION SELECT type, provider FROM ratings
  UNION SELECT type, provider FROM recommendations
  UNION SELECT type, challenger FROM recommendations
  UNION SELECT type, provider FROM jobs
  UNION SELECT type, provider FROM events`;

/** Alerts are stored as `[["<id>",{…}],…]`. */
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

/** @param moved called for each id that lost rows, and for each that gained them */
export function providerIds(db: Db, moved: (type: string, id: string) => void): ProviderIds {
  const waiting = waitingKeys(db);
  const take = prepare<Claim>(db, CLAIM);
  const contest = prepare<Key>(
    db,
    'UPDATE providers SET waiting = 0 WHERE type = @type AND key = @key AND waiting = 1',
  );
  const renames = RENAMES.map((sql) => prepare<Claim>(db, sql));
  const renameFailing = prepare<Omit<Claim, 'type'>>(db, RENAME_FAILING);
  const referenced = prepare<[], [type: string, key: string]>(db, REFERENCED).raw();
  let last: readonly ProviderName[] | null = null;

  const rename = (claim: Claim, isReferenced: boolean) => {
    if (isReferenced) for (const statement of renames) statement.run(claim);
    renameFailing.run(claim);
  };
  const settle = db.transaction((claims: ReadonlyMap<string, readonly [Claim, ...Claim[]]>) => {
    const names = new Set(referenced.all().map(([type, key]) => toName(type, key)));
    for (const [name, [claim, ...others]] of claims) {
      if (others.length === 0 && take.run(claim).changes > 0) rename(claim, names.has(name));
      else contest.run({ type: claim.type, key: claim.key });
    }
  });

  return {
    claim: (listed) => {
      if (waiting.size === 0 || listed === last) return;
      last = listed;
      const claims = findClaims(listed, waiting);
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

export function providerKeys(db: Db): ProviderKeys {
  const add = prepare<ProviderName & { short: string }>(db, ADD);
  const id = prepare<Key, string>(db, 'SELECT id FROM providers WHERE type = @type AND key = @key').pluck();
  const sweep = prepare<Key>(db, SWEEP);
  return {
    add: (type, id) => void add.run({ type, id, short: shortId(id) }),
    sweep: (keys) => {
      const ids = new Map<string, ProviderName>();
      for (const [type, key] of keys) {
        const name = toName(type, key);
        if (ids.has(name)) continue;
        ids.set(name, { type, id: id.get({ type, key }) ?? key });
        sweep.run({ type, key });
      }
      return [...ids.values()];
    },
  };
}

const shortId = (id: string) => id.slice(0, KEY_DIGITS);
const toName = (type: string, key: string) => JSON.stringify([type, key]);

function waitingKeys(db: Db): Set<string> {
  const rows = prepare<[], Key>(db, 'SELECT type, key FROM providers WHERE waiting = 1').all();
  return new Set(rows.map(({ type, key }) => toName(type, key)));
}

/** For each waiting key, the listed providers that may own it. */
function findClaims(listed: readonly ProviderName[], waiting: ReadonlySet<string>): Map<string, [Claim, ...Claim[]]> {
  const claims = new Map<string, [Claim, ...Claim[]]>();
  for (const { type, id } of listed) {
    const key = shortId(id);
    const name = toName(type, key);
    if (id === key || !waiting.has(name)) continue;
    const claim = { type, id, key };
    const others = claims.get(name);
    if (others?.some((other) => other.id === id)) continue;
    if (others) others.push(claim);
    else claims.set(name, [claim]);
  }
  return claims;
}

/** What the owner thinks of providers. Never pruned, and kept or refused: no measurement can bring it back. */
import type { Connection } from '../connection.js';
import { type Move, prepare } from '../sqlite.js';

interface Rating {
  /** ms since the epoch. */
  readonly at: number;
  readonly stars: 1 | 2 | 3 | 4 | 5;
}

export interface Opinion {
  readonly pinned: boolean;
  readonly hidden: boolean;
  /** Recommended only where no other may be; never together with `pinned`. */
  readonly reserve: boolean;
  /** At most 1,000 characters; the other texts at most 100. */
  readonly note: string;
  /** Newest first; the newest 10 are kept. */
  readonly stars: readonly Rating[];
  readonly runBy: string;
  readonly known: 'yes' | 'no' | '';
  readonly language: string;
  readonly help: string;
}

export interface OpinionStore {
  /** An empty one where the owner said nothing. */
  get(type: string, provider: string): Opinion;
  /** All opinions on the type's providers. */
  all(type: string): Map<string, Opinion>;
  /** Of `pinned` and `reserve`, the one that is set clears the other. */
  put(type: string, provider: string, change: Partial<Omit<Opinion, 'stars'>>): void;
  rate(type: string, provider: string, stars: Rating['stars']): void;
  /** Removes all stars. */
  unrate(type: string, provider: string): void;
  /** Grows with each change by this process. */
  readonly version: number;
}

export interface MovableOpinions extends OpinionStore {
  move(move: Move): void;
}

export const OPINIONS_SCHEMA = `
  CREATE TABLE opinions (
    type TEXT NOT NULL,
    provider TEXT NOT NULL,
    pinned INTEGER NOT NULL CHECK (pinned IN (0, 1)),
    hidden INTEGER NOT NULL CHECK (hidden IN (0, 1)),
    note TEXT NOT NULL CHECK (length(note) <= 1000),
    runBy TEXT NOT NULL CHECK (length(runBy) <= 100),
    known TEXT NOT NULL CHECK (known IN ('yes', 'no', '')),
    language TEXT NOT NULL CHECK (length(language) <= 100),
    help TEXT NOT NULL CHECK (length(help) <= 100),
    PRIMARY KEY (type, provider)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE ratings (
    type TEXT NOT NULL,
    provider TEXT NOT NULL,
    at INTEGER NOT NULL,
    stars INTEGER NOT NULL CHECK (stars BETWEEN 1 AND 5),
    PRIMARY KEY (type, provider, at)
  ) STRICT, WITHOUT ROWID;
`;

export const RESERVE_SCHEMA = `
  ALTER TABLE opinions ADD COLUMN reserve INTEGER NOT NULL DEFAULT 0 CHECK (reserve IN (0, 1) AND reserve + pinned < 2);
`;

const PUT = `
  INSERT OR REPLACE INTO opinions (type, provider, pinned, hidden, reserve, note, runBy, known, language, help)
  VALUES (@type, @provider, @pinned, @hidden, @reserve, @note, @runBy, @known, @language, @help)`;

const FORGET = `
  DELETE FROM ratings WHERE type = @type AND provider = @provider AND at NOT IN
    (SELECT at FROM ratings WHERE type = @type AND provider = @provider ORDER BY at DESC LIMIT 10)`;

type Fields = Omit<Opinion, 'stars'>;
type Row = { readonly [field in keyof Fields]: Fields[field] extends boolean ? 0 | 1 : Fields[field] };
type Key = { readonly type: string; readonly provider: string };

const EMPTY: Row = { pinned: 0, hidden: 0, reserve: 0, note: '', runBy: '', known: '', language: '', help: '' };

export function opinionStore(db: Connection, now: () => number): MovableOpinions {
  const get = prepare<[string, string], Row>(db, 'SELECT * FROM opinions WHERE type = ? AND provider = ?');
  const all = prepare<[string], Row & Key>(db, 'SELECT * FROM opinions WHERE type = ?');
  const put = prepare<Row & Key>(db, PUT);
  const ratings = prepare<[string, string], Rating>(
    db,
    'SELECT at, stars FROM ratings WHERE type = ? AND provider = ? ORDER BY at DESC',
  );
  const rated = prepare<[string], string>(db, 'SELECT DISTINCT provider FROM ratings WHERE type = ?').pluck();
  const rate = prepare<[string, string, number, number]>(db, 'INSERT OR REPLACE INTO ratings VALUES (?, ?, ?, ?)');
  const forget = prepare<Key>(db, FORGET);
  const unrate = prepare<[string, string]>(db, 'DELETE FROM ratings WHERE type = ? AND provider = ?');
  const move = prepare<Move>(db, 'UPDATE OR REPLACE ratings SET at = at + @by WHERE at BETWEEN @from AND @until');
  const toOpinion = (type: string, provider: string, row = EMPTY): Opinion => ({
    ...toFields(row),
    stars: ratings.all(type, provider),
  });
  let version = 0;
  return {
    get version() {
      return version;
    },
    get: (type, provider) => toOpinion(type, provider, get.get(type, provider)),
    all: (type) => {
      const rows = new Map(all.all(type).map((row) => [row.provider, row]));
      const providers = new Set([...rows.keys(), ...rated.all(type)]);
      return new Map([...providers].map((provider) => [provider, toOpinion(type, provider, rows.get(provider))]));
    },
    put: (type, provider, change) => {
      const fields = { ...toFields(get.get(type, provider) ?? EMPTY), ...withoutOpposite(change) };
      db.keep(() => put.run({ type, provider, ...toRow(fields) }));
      version += 1;
    },
    rate: (type, provider, stars) => {
      db.keep(() => rate.run(type, provider, now(), stars));
      forget.run({ type, provider });
      version += 1;
    },
    unrate: (type, provider) => {
      db.keep(() => unrate.run(type, provider));
      version += 1;
    },
    move: (span) => {
      move.run(span);
      version += 1;
    },
  };
}

/** The newer of the two marks is what the owner wants. */
const withoutOpposite = (change: Partial<Fields>): Partial<Fields> => ({
  ...(change.pinned && { reserve: false }),
  ...(change.reserve && { pinned: false }),
  ...change,
});

const toRow = ({ pinned, hidden, reserve, ...texts }: Fields): Row => ({
  ...{ pinned: pinned ? 1 : 0, hidden: hidden ? 1 : 0, reserve: reserve ? 1 : 0 },
  ...texts,
});

const toFields = ({ pinned, hidden, reserve, note, runBy, known, language, help }: Row): Fields => ({
  pinned: pinned === 1,
  hidden: hidden === 1,
  reserve: reserve === 1,
  note,
  runBy,
  known,
  language,
  help,
});

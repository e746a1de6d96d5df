/** Neighbours' panels that were asked: the key that each was first seen with, and what it said last. */
import { type Db, type Move, prepare } from '../sqlite.js';

/** What a panel said last. */
export interface Said {
  /** Its public key, and since when it is known by it, ms since the epoch. */
  readonly key: string;
  readonly since: number;
  /** When it made the document, by its own clock, s since the epoch. */
  readonly at: number;
  /** ms since the epoch. */
  readonly receivedAt: number;
  /** Time to connect to it, ms. */
  readonly rtt: number;
  readonly document: string;
}

export interface Peer {
  /** How it was found: `serf NAME`, or `list ADDRESS:PORT`. */
  readonly peer: string;
  readonly node: string;
  readonly address: string;
  /** ms since the epoch. */
  readonly askedAt: number;
  /** Why nothing came of the last question; null where something did. */
  readonly problem: string | null;
  /** null where nothing was ever taken from it. */
  readonly said: Said | null;
}

export interface PeerStore {
  get(peer: string): Peer | null;
  /** At most 200, by name. */
  all(): readonly Peer[];
  /** Where there are too many, those that were not asked for longest are forgotten. */
  put(peer: Peer): void;
  forget(peer: string): void;
}

export interface MovablePeers extends PeerStore {
  move(move: Move): void;
}

const MAX_PEERS = 200;

export const PEERS_SCHEMA = `
  CREATE TABLE peers (
    peer TEXT PRIMARY KEY,
    node TEXT NOT NULL,
    address TEXT NOT NULL,
    askedAt INTEGER NOT NULL,
    problem TEXT,
    key TEXT,
    since INTEGER,
    at INTEGER,
    receivedAt INTEGER,
    rtt REAL,
    document TEXT CHECK (length(document) <= 4096),
    CHECK ((key IS NULL) = (document IS NULL))
  ) STRICT, WITHOUT ROWID;
`;

const PUT = `
  INSERT OR REPLACE INTO peers (peer, node, address, askedAt, problem, key, since, at, receivedAt, rtt, document)
  VALUES (@peer, @node, @address, @askedAt, @problem, @key, @since, @at, @receivedAt, @rtt, @document)`;
const TRIM = `
  DELETE FROM peers WHERE peer IN (SELECT peer FROM peers ORDER BY askedAt DESC, peer LIMIT -1 OFFSET ${MAX_PEERS})`;
const MOVE = `
  UPDATE peers SET askedAt = askedAt + iif(askedAt BETWEEN @from AND @until, @by, 0),
    since = since + iif(since BETWEEN @from AND @until, @by, 0),
    receivedAt = receivedAt + iif(receivedAt BETWEEN @from AND @until, @by, 0)`;

type Row = Omit<Peer, 'said'> & { readonly [field in keyof Said]: Said[field] | null };

const NOTHING = { key: null, since: null, at: null, receivedAt: null, rtt: null, document: null };

export function peerStore(db: Db): MovablePeers {
  const get = prepare<[string], Row>(db, 'SELECT * FROM peers WHERE peer = ?');
  const all = prepare<[], Row>(db, 'SELECT * FROM peers ORDER BY node, peer');
  const put = prepare<Row>(db, PUT);
  const trim = prepare(db, TRIM);
  const forget = prepare<[string]>(db, 'DELETE FROM peers WHERE peer = ?');
  const move = prepare<Move>(db, MOVE);
  const write = db.transaction((peer: Row) => {
    put.run(peer);
    trim.run();
  });
  return {
    get: (peer) => toPeer(get.get(peer)),
    all: () => all.all().flatMap((row) => toPeer(row) ?? []),
    put: ({ said, ...peer }) => void write.immediate({ ...peer, ...(said ?? NOTHING) }),
    forget: (peer) => void forget.run(peer),
    move: (span) => void move.run(span),
  };
}

function toPeer(row: Row | undefined): Peer | null {
  if (row === undefined) return null;
  const { peer, node, address, askedAt, problem, ...said } = row;
  return { peer, node, address, askedAt, problem, said: said.key === null ? null : (said as Said) };
}

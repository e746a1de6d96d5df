/**
 * What became of our changes to the tag: whether another program had not seen an entry of ours, changed it or removed it, or
 * the agent lost it in a restart.
 */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Piece, WireEntry } from '../../announcement/tag-write.js';
import type { Config } from '../../config/index.js';
import type { Discovery } from '../../discovery/index.js';
import { readRun } from '../ports.js';
import { readWire } from './entries.js';
import { isRace, isSame } from './overruled.js';
import type { Publication, Publications } from './publications.js';
import type { Change, OwnTags } from './tags.js';

/** The tag compared with what is stored, by key. */
export interface Reconciled {
  /** The agent was restarted and does not know it. */
  readonly lost: readonly string[];
  /** A program overwrote it without having seen it. */
  readonly raced: readonly string[];
  /** Another program removed it: no longer wanted. */
  readonly removed: readonly string[];
}
type Fate = keyof Reconciled;

/** A program that read the tag just before we wrote it overwrites ours within this time, ms. */
export const RACE_MS = 3_000;

/** Stands in for the agent's run where that cannot be told: one id per connection. */
const connections = new WeakMap<object, string>();

interface ChangesDeps {
  readonly config: Pick<Config, 'serfRpc'>;
  readonly discovery: Pick<Discovery, 'serfClient'>;
  readonly now: () => number;
  readonly tags: OwnTags;
  readonly publications: Publications;
  /** Stores the publication; null deletes it. */
  readonly store: (key: string, publication: Publication | null) => void;
}

export class Changes {
  readonly #deps: ChangesDeps;
  /** Our newest change to each announcement, with the tag as seen since; `at` in ms of the monotonic clock. */
  readonly #written = new Map<string, Change & { readonly at: number }>();

  constructor(deps: ChangesDeps) {
    this.#deps = deps;
  }

  /**
   * Compares what is stored with the tag, and accepts what other programs made of it: an entry that they changed counts as
   * changed, one that they removed while the agent ran is no longer wanted, and one that they announced after it was
   * withdrawn is theirs.
   * @throws PanelError serf-away, serf-refused, tag-unreadable
   */
  async reconcile(): Promise<Reconciled> {
    const { tags, publications } = this.#deps;
    const fates: Record<Fate, string[]> = { lost: [], raced: [], removed: [] };
    if (publications.all().size === 0) return fates;
    await tags.inspect(async (read) => {
      const before = await this.#run();
      const pieces = await read();
      const run = await this.#run();
      // The agent restarted in between: the reading may be of either run, and its connection is about to end.
      if (run !== before) return;
      for (const [key, known] of publications.all()) {
        const fate = this.#fate(key, known, pieces, run);
        if (fate) fates[fate].push(key);
      }
    });
    return fates;
  }

  /** @param run of the agent when the change started; if that ended meanwhile, either run may have the entry */
  async note(key: string, change: Change, run: string | null): Promise<void> {
    const { publications } = this.#deps;
    const ours = change.after.filter((piece) => !change.before.includes(piece));
    // To our earlier changes, what we write is not another program's work.
    for (const [other, { after, ...more }] of this.#written)
      this.#written.set(other, { ...more, after: [...after, ...ours] });
    this.#written.set(key, { ...change, at: performance.now() });
    publications.setRun(key, run);
    if ((await this.run()) !== run) publications.setRun(key, null);
  }

  /** An id of the connected agent's run; null where none is connected. */
  run(): Promise<string | null> {
    return this.#run().catch(() => null);
  }

  #fate(key: string, known: Publication, pieces: readonly Piece[], run: string): Fate | null {
    const { publications, store, now } = this.#deps;
    const piece = pieces.find((candidate) => isSame(candidate, known.entry));
    if (known.withdrawn !== null) {
      if (piece !== undefined) store(key, null);
      return null;
    }
    if (this.#isRaced(key, pieces, known.entry)) return 'raced';
    if (piece !== undefined) {
      this.#confirm(key, known, piece, run);
      return null;
    }
    if (known.untold || publications.run(key) !== run) return 'lost';
    store(key, { ...known, withdrawn: { at: now(), why: 'removed' } });
    return 'removed';
  }

  /** Whether a program that had not seen our newest change overwrote it; else the tag is what that change is compared with. */
  #isRaced(key: string, pieces: readonly Piece[], entry: WireEntry): boolean {
    const written = this.#written.get(key);
    if (written === undefined) return false;
    if (performance.now() - written.at >= RACE_MS) {
      this.#written.delete(key);
      return false;
    }
    if (isRace(written, pieces, entry)) return true;
    if (pieces.some((piece) => isSame(piece, entry))) this.#written.set(key, { ...written, after: pieces });
    return false;
  }

  /** Stores the entry as the tag has it. */
  #confirm(key: string, known: Publication, piece: Piece, run: string): void {
    const { publications, store } = this.#deps;
    const entry = readWire(piece) ?? known.entry;
    publications.setRun(key, run);
    if (known.untold || !isDeepStrictEqual(entry, known.entry)) store(key, { ...known, entry, untold: false });
  }

  /** @throws PanelError serf-away, serf-refused */
  async #run(): Promise<string> {
    const client = this.#deps.discovery.serfClient();
    const { host, port } = this.#deps.config.serfRpc;
    const run = await readRun(host, port);
    if (run !== null) return run;
    const connection = connections.get(client) ?? randomUUID();
    connections.set(client, connection);
    return connection;
  }
}

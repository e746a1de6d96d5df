/**
 * The tags of this node's own Serf member, changed entry by entry. Other programs write the same tag, each the whole of
 * it: what one of them changes while we write is put back, and what they overwrite of ours is written again.
 */

import { TAG_NAME } from '../../announcement/tag-read.js';
import { type Piece, packTag, piecesOf, sizeOfTags, TAGS_LIMIT } from '../../announcement/tag-write.js';
import { PanelError } from '../../model/errors.js';
import type { SerfRpc } from '../../serf/client.js';

type Edit = (pieces: readonly Piece[]) => readonly Piece[];

/** What became of the tag. */
export interface Change {
  readonly before: readonly Piece[];
  readonly after: readonly Piece[];
}

/** What the tags would be. */
interface Draft {
  /** null = the tag goes, because no entry is left. */
  readonly tag: string | null;
  /** All tags together, encoded. */
  readonly bytes: number;
  readonly pieces: readonly Piece[];
}

/** An agent on this machine answers at once or hangs, ms. */
const READ_LIMIT_MS = 1_500;
/** Two programs that keep overwriting each other meet again this often, then one gives up. */
const TRIES = 5;

export class OwnTags {
  readonly #client: () => SerfRpc;
  readonly #pack: typeof packTag;
  /** Two changes of ours never overlap. */
  #queue: Promise<unknown> = Promise.resolve();

  /** @param client the connection to the agent; throws while there is none */
  constructor(client: () => SerfRpc, pack: typeof packTag = packTag) {
    this.#client = client;
    this.#pack = pack;
  }

  /** The entries that this node announces now. @throws PanelError serf-away, serf-refused, tag-unreadable */
  async pieces(): Promise<readonly Piece[]> {
    return piecesOf((await this.#read()).get(TAG_NAME));
  }

  /** Hands over the entries as they are while no change of ours is under way. @throws as pieces */
  look<T>(use: (read: () => Promise<readonly Piece[]>) => Promise<T>): Promise<T> {
    return this.#then(() => use(() => this.pieces()));
  }

  /** What the change would make of the tags. @throws PanelError serf-away, serf-refused, tag-unreadable, publish-failed */
  async draft(edit: Edit): Promise<Draft> {
    return this.#draft(await this.#read(), edit);
  }

  /**
   * Makes the change; what other programs wrote stays, also what they write meanwhile.
   * @returns the entries before and after it
   * @throws PanelError tags-full, tag-unreadable, publish-failed, serf-away, serf-refused
   */
  change(edit: Edit): Promise<Change> {
    return this.#then(() => this.#change(edit));
  }

  #then<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#queue.catch(() => {}).then(work);
    this.#queue = mine;
    return mine;
  }

  async #change(edit: Edit): Promise<Change> {
    let redo: Edit = (pieces) => pieces;
    for (let tries = 0; tries < TRIES; tries++) {
      const base = await this.#read();
      const draft = await this.#draft(base, (pieces) => edit(redo(pieces)));
      const before = piecesOf(base.get(TAG_NAME));
      if (isSame(draft.pieces, before)) return { before, after: before };
      if (draft.bytes > TAGS_LIMIT) throw full(draft.bytes);
      // One connection, in order: the reading tells what the writing overwrites, a few microseconds later.
      const [overwritten] = await Promise.all([this.#read(), this.#write(draft)]);
      const theirs = overwritten.get(TAG_NAME);
      redo = theirs === base.get(TAG_NAME) ? (pieces) => pieces : change(before, piecesOf(theirs));
      const after = (await this.#read()).get(TAG_NAME) ?? null;
      if (theirs === base.get(TAG_NAME) && after === draft.tag) return { before, after: draft.pieces };
    }
    const hint = 'Stop the program that keeps writing the tag, then try again.';
    throw new PanelError('publish-failed', 'Another program keeps changing the services tag.', hint);
  }

  async #draft(base: ReadonlyMap<string, string>, edit: Edit): Promise<Draft> {
    const pieces = edit(piecesOf(base.get(TAG_NAME)));
    const tag = pieces.length === 0 ? null : await this.#pack(pieces);
    const tags = new Map(base);
    if (tag === null) tags.delete(TAG_NAME);
    else tags.set(TAG_NAME, tag);
    return { tag, bytes: sizeOfTags(tags), pieces };
  }

  async #read(): Promise<ReadonlyMap<string, string>> {
    return (await this.#client().stats(READ_LIMIT_MS)).get('tags') ?? new Map();
  }

  async #write({ tag, bytes }: Draft): Promise<void> {
    try {
      await (tag === null ? this.#client().setTags({}, [TAG_NAME]) : this.#client().setTags({ [TAG_NAME]: tag }));
    } catch (error) {
      // An agent that counts otherwise than we do has the last word.
      throw error instanceof PanelError && /exceeds limit/.test(error.message) ? full(bytes, error) : error;
    }
  }
}

const isSame = (one: readonly Piece[], other: readonly Piece[]) =>
  one.length === other.length && one.every((piece, at) => piece === other[at]);

/** The change from one list to the other, to be made to a third. */
function change(from: readonly Piece[], to: readonly Piece[]): Edit {
  return (pieces) => [
    ...pieces.filter((piece) => !from.includes(piece) || to.includes(piece)),
    ...to.filter((piece) => !from.includes(piece) && !pieces.includes(piece)),
  ];
}

function full(bytes: number, cause?: unknown): PanelError {
  const message = `All tags of this node would take ${bytes} bytes; Serf gossips at most ${TAGS_LIMIT}.`;
  return new PanelError('tags-full', message, 'Shorten the description, or stop announcing another service.', {
    cause,
  });
}

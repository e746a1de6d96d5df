/**
 * The tags of this node's own Serf member, changed entry by entry. Other programs write the same tag, always as a whole:
 * what one of them changes while we write is put back, and what they overwrite of ours is written again.
 */

import { TAG_NAME } from '../../announcement/tag-read.js';
import { type Piece, packTag, sizeOfTags, splitTag, TAGS_LIMIT } from '../../announcement/tag-write.js';
import { PanelError } from '../../model/errors.js';
import type { SerfRpc } from '../../serf/client.js';

type Edit = (pieces: readonly Piece[]) => readonly Piece[];

/** The tag before and after a change of ours. */
export interface Change {
  readonly before: readonly Piece[];
  readonly after: readonly Piece[];
}

/** The tags as a change would make them. */
interface Draft {
  /** null = no entry is left, so the tag is deleted. */
  readonly tag: string | null;
  /** All tags together, encoded. */
  readonly bytes: number;
  readonly pieces: readonly Piece[];
}

/** An agent on this machine answers at once or hangs, ms. */
const READ_LIMIT_MS = 1_500;
/** Writes before giving up on a program that keeps overwriting ours. */
const MAX_TRIES = 5;

export class OwnTags {
  readonly #client: () => SerfRpc;
  readonly #pack: typeof packTag;
  /** Our changes never overlap. */
  #queue: Promise<unknown> = Promise.resolve();

  /** @param client the connection to the agent; throws while there is none */
  constructor(client: () => SerfRpc, pack: typeof packTag = packTag) {
    this.#client = client;
    this.#pack = pack;
  }

  /** This node's entries. @throws PanelError serf-away, serf-refused, tag-unreadable */
  async pieces(): Promise<readonly Piece[]> {
    return splitTag((await this.#read()).get(TAG_NAME));
  }

  /** Reads the entries while no change of ours is under way. @throws as pieces */
  inspect<T>(use: (read: () => Promise<readonly Piece[]>) => Promise<T>): Promise<T> {
    return this.#enqueue(() => use(() => this.pieces()));
  }

  /** The tags as the change would make them. @throws PanelError serf-away, serf-refused, tag-unreadable, publish-failed */
  async draft(edit: Edit): Promise<Draft> {
    return this.#draft(await this.#read(), edit);
  }

  /**
   * Makes the change; keeps what other programs wrote, also meanwhile.
   * @returns the entries before and after it
   * @throws PanelError tags-full, tag-unreadable, publish-failed, serf-away, serf-refused
   */
  change(edit: Edit): Promise<Change> {
    return this.#enqueue(() => this.#change(edit));
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.catch(() => {}).then(work);
    this.#queue = result;
    return result;
  }

  async #change(edit: Edit): Promise<Change> {
    let redo: Edit = (pieces) => pieces;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const base = await this.#read();
      const draft = await this.#draft(base, (pieces) => edit(redo(pieces)));
      const before = splitTag(base.get(TAG_NAME));
      if (isSame(draft.pieces, before)) return { before, after: before };
      if (draft.bytes > TAGS_LIMIT) throw full(draft.bytes);
      // One connection, in order: the reading shows what the write overwrites a few microseconds later.
      const [overwritten] = await Promise.all([this.#read(), this.#write(draft)]);
      const theirs = overwritten.get(TAG_NAME);
      redo = theirs === base.get(TAG_NAME) ? (pieces) => pieces : difference(before, splitTag(theirs));
      const after = (await this.#read()).get(TAG_NAME) ?? null;
      if (theirs === base.get(TAG_NAME) && after === draft.tag) return { before, after: draft.pieces };
    }
    const hint = 'Stop the program that keeps writing the tag, then try again.';
    throw new PanelError('publish-failed', 'Another program keeps changing the services tag.', hint);
  }

  async #draft(base: ReadonlyMap<string, string>, edit: Edit): Promise<Draft> {
    const pieces = edit(splitTag(base.get(TAG_NAME)));
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
      // An agent that counts differently has the last word.
      throw error instanceof PanelError && /exceeds limit/.test(error.message) ? full(bytes, error) : error;
    }
  }
}

const isSame = (a: readonly Piece[], b: readonly Piece[]) =>
  a.length === b.length && a.every((piece, at) => piece === b[at]);

/** The change from one list to another, to be applied to a third. */
function difference(from: readonly Piece[], to: readonly Piece[]): Edit {
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

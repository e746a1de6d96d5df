/** Whether what a panel sends is taken: from the one that it was first seen as, and never older than what it said before. Pure. */
import type { Said } from '../store/index.js';
import { type OpinionDocument, readDocument } from './document.js';

export const PEER_PROBLEMS = [
  ...(['no-answer', 'too-large', 'unreadable', 'other-version', 'unsigned', 'untimely'] as const),
  'other-name', // it is another node than the one that was asked
  'other-key', // another key than the one that it was first seen with
  'replayed', // older than what it said before, or something else of the same moment
  'self', // this very node
] as const;
export type PeerProblem = (typeof PEER_PROBLEMS)[number];

interface Terms {
  /** What it said last; null where it never did. */
  readonly said: Pick<Said, 'key' | 'at' | 'document'> | null;
  /** The name that it must have; null where none is known. */
  readonly node: string | null;
  /** Public key of this node. */
  readonly ownKey: string;
  /** ms since the epoch. */
  readonly now: number;
}

/** The same document once more is fine: it is the same for a while. */
export function judge(bytes: Uint8Array, { said, node, ownKey, now }: Terms): OpinionDocument | PeerProblem {
  const read = readDocument(bytes, now);
  if (typeof read === 'string') return read;
  if (read.key === ownKey) return 'self';
  if (node !== null && read.node !== node) return 'other-name';
  if (said === null) return read;
  if (read.key !== said.key) return 'other-key';
  const isSame = read.at === said.at && Buffer.from(bytes).toString() === said.document;
  return read.at > said.at || isSame ? read : 'replayed';
}

/** This node's entries among the pieces of its tag. Pure. */
import {
  type Piece,
  readPiece,
  readWireEntry,
  splitTag,
  type WireEntry,
  writePiece,
} from '../../announcement/tag-write.js';
import { PanelError } from '../../model/errors.js';
import { isSame } from './overruled.js';

/** The entry as its program wrote it, with address and port in canonical form, so that it is found again. */
export function readWire(piece: Piece): WireEntry | null {
  const wire = readWireEntry(piece);
  const entry = readPiece(piece);
  return wire && entry && { ...wire, i: entry.address, p: String(entry.port ?? '') };
}

/** None in an unreadable tag. */
export function readEntries(tag: string | null): readonly WireEntry[] {
  try {
    return splitTag(tag ?? undefined).flatMap((piece) => readWire(piece) ?? []);
  } catch (error) {
    if (error instanceof PanelError) return [];
    throw error;
  }
}

/** The list with the entry in the place of the one before, else at the end. */
export function put(entry: WireEntry, before: WireEntry | null, all: readonly Piece[]): readonly Piece[] {
  const isOurs = (piece: Piece) => isSame(piece, entry) || (before !== null && isSame(piece, before));
  const at = all.findIndex(isOurs);
  const others = all.filter((piece) => !isOurs(piece));
  const place = at < 0 ? others.length : all.slice(0, at).filter((piece) => !isOurs(piece)).length;
  return others.toSpliced(place, 0, writePiece(entry));
}

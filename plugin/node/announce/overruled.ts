/** Whether another program that overwrote our entry had not seen it, or took it away. Pure. */
import { type Piece, readPiece, type WireEntry } from '../../announcement/tag-write.js';
import type { Change } from './tags.js';

/** The same service at the same place, whatever else is said of it. */
export function isSame(piece: Piece, { s, i, p }: WireEntry): boolean {
  const entry = readPiece(piece);
  return entry !== null && entry.type === s && entry.address === i && String(entry.port ?? '') === p;
}

/**
 * Other programs write the whole tag, from a reading of their own. Only what follows from a reading older than our change
 * proves that they did not see it: what we replaced is back, or something new came and all that stood before is there. A
 * tag without our entry alone is a removal, and an entry of the same type and port took ours over.
 * @param ours what we changed in the tag, with `after` moved on to what was seen since
 */
export function isRace({ before, after }: Change, now: readonly Piece[], entry: WireEntry): boolean {
  const [old, seen, found] = [before, after, now].map((pieces) => new Set(pieces.map(placeOf)));
  if (!old || !seen || !found) return false;
  const place = `${entry.s} ${entry.p} ${entry.i}`;
  if (found.has(place)) return hasOldVersion(before, after, now, entry);
  if ([...old].some((one) => !seen.has(one) && found.has(one))) return true;
  const fresh = [...found].filter((one) => !seen.has(one)).map(serviceOf);
  if (fresh.length === 0 || fresh.includes(serviceOf(place))) return false;
  return [...old].every((one) => one === place || found.has(one) || fresh.includes(serviceOf(one)));
}

/** Whether the entry says again what it said before our change. */
function hasOldVersion(before: readonly Piece[], after: readonly Piece[], now: readonly Piece[], entry: WireEntry) {
  const [old, ours, found] = [before, after, now].map((pieces) => pieces.find((piece) => isSame(piece, entry)));
  return old !== undefined && found === old && ours !== old;
}

/** Type, port and address; what cannot be read stands for itself. */
function placeOf(piece: Piece): string {
  const entry = readPiece(piece);
  return entry ? `${entry.type} ${entry.port ?? ''} ${entry.address}` : piece;
}

/** What the programs of old nodes tell entries apart by: type and port. */
const serviceOf = (place: string) => place.split(' ', 2).join(' ');

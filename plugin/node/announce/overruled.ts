/** Whether another program that overwrote our entry had not seen it, or removed it. Pure. */
import { type Piece, readPiece, type WireEntry } from '../../announcement/tag-write.js';
import type { Change } from './tags.js';

/** The same service at the same place, whatever else the entry says. */
export function isSame(piece: Piece, { s, i, p }: WireEntry): boolean {
  const entry = readPiece(piece);
  return entry !== null && entry.type === s && entry.address === i && String(entry.port ?? '') === p;
}

/**
 * Other programs write the whole tag, from their own reading. Only the effects of a reading older than our change prove
 * that they did not see it: what we replaced is back, or something new came and all earlier entries are there. A tag that
 * lacks only our entry is a removal, and an entry of the same type and port took ours over.
 * @param change ours, with `after` updated to the newest reading
 */
export function isRace({ before, after }: Change, now: readonly Piece[], entry: WireEntry): boolean {
  const [old, ours, found] = [before, after, now].map((pieces) => new Set(pieces.map(toPlace)));
  if (!old || !ours || !found) return false;
  const place = `${entry.s} ${entry.p} ${entry.i}`;
  if (found.has(place)) return hasOldVersion(before, after, now, entry);
  if ([...old].some((earlier) => !ours.has(earlier) && found.has(earlier))) return true;
  const added = [...found].filter((current) => !ours.has(current)).map(toService);
  if (added.length === 0 || added.includes(toService(place))) return false;
  return [...old].every((earlier) => earlier === place || found.has(earlier) || added.includes(toService(earlier)));
}

/** Whether the entry reads again as it did before our change. */
function hasOldVersion(before: readonly Piece[], after: readonly Piece[], now: readonly Piece[], entry: WireEntry) {
  const [old, ours, found] = [before, after, now].map((pieces) => pieces.find((piece) => isSame(piece, entry)));
  return old !== undefined && found === old && ours !== old;
}

/** Type, port and address; an unreadable piece stands for itself. */
function toPlace(piece: Piece): string {
  const entry = readPiece(piece);
  return entry ? `${entry.type} ${entry.port ?? ''} ${entry.address}` : piece;
}

/** Type and port: how the programs of old nodes tell entries apart. */
const toService = (place: string) => place.split(' ', 2).join(' ');

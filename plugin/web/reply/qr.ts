/** QR codes as SVG path data: drawn here, for the content policy lets no page draw them by style or from elsewhere. */
import { encode } from 'uqr';

/** Longest text that is drawn, bytes: beyond it the squares get too small for a phone. */
const LONGEST = 1_000;

interface Code {
  /** Side in squares, the quiet zone of four around it included (ISO/IEC 18004). */
  readonly size: number;
  /** Path data of the dark squares, one unit each. */
  readonly path: string;
}

const QUIET = 4;

/** The code of each text that is not too long for one. */
export function qrCodes(texts: readonly string[]): ReadonlyMap<string, Code> {
  const short = texts.filter((text) => Buffer.byteLength(text) <= LONGEST);
  return new Map(short.map((text) => [text, drawn(encode(text, { ecc: 'M', border: QUIET }).data)]));
}

function drawn(rows: readonly (readonly boolean[])[]): Code {
  const squares = rows.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])));
  return { size: rows.length, path: squares.join('') };
}

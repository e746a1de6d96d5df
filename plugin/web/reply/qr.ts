/** QR codes as SVG path data: drawn here, for the content policy lets no page draw them by style or from elsewhere. */
import { encode } from 'uqr';

/** Bytes; in a longer text the squares are too small for a phone. */
const MAX_TEXT_BYTES = 1_000;

interface Code {
  /** Side in squares, with the quiet zone of four around it (ISO/IEC 18004). */
  readonly size: number;
  /** Path data of the dark squares, one after the other in a row as one piece; the side of a square is 1. */
  readonly path: string;
}

const QUIET = 4;

/** The code of each text that is not too long for one. */
export function qrCodes(texts: readonly string[]): ReadonlyMap<string, Code> {
  const short = texts.filter((text) => Buffer.byteLength(text) <= MAX_TEXT_BYTES);
  return new Map(short.map((text) => [text, draw(encode(text, { ecc: 'M', border: QUIET }).data)]));
}

function draw(rows: readonly (readonly boolean[])[]): Code {
  const runs = rows.flatMap((row, y) =>
    [
      ...row
        .map((dark) => (dark ? '1' : '0'))
        .join('')
        .matchAll(/1+/g),
    ].map(({ index, 0: { length } }) => `M${index} ${y}h${length}v1h-${length}z`),
  );
  return { size: rows.length, path: runs.join('') };
}

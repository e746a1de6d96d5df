/** LZW as Go's compress/lzw writes it (LSB, 8-bit literals): the counterpart of the decoder, for tests. */

const CLEAR = 256;
const END = 257;
/** When the table has this many codes, Go's writer clears it. */
const FULL = 4_095;

export function lzwEncode(data: Uint8Array): Buffer {
  const packed: number[] = [];
  let bits = 0;
  let held = 0;
  let width = 9;
  let newest = END;
  let table = new Map<string, number>();
  const put = (code: number) => {
    bits |= code << held;
    for (held += width; held >= 8; held -= 8) {
      packed.push(bits & 0xff);
      bits >>>= 8;
    }
  };
  const grow = () => {
    newest += 1;
    if (newest === 1 << width) width += 1;
  };
  put(CLEAR);
  let sequence = '';
  let code = -1;
  for (const byte of data) {
    const longer = `${sequence},${byte}`;
    const known = sequence === '' ? byte : table.get(longer);
    if (known !== undefined) {
      [sequence, code] = [sequence === '' ? String(byte) : longer, known];
      continue;
    }
    put(code);
    grow();
    if (newest === FULL) {
      put(CLEAR);
      [width, newest, table] = [9, END, new Map()];
    } else {
      table.set(longer, newest);
    }
    [sequence, code] = [String(byte), byte];
  }
  if (code >= 0) {
    put(code);
    grow();
  }
  put(END);
  if (held > 0) packed.push(bits & 0xff);
  return Buffer.from(packed);
}

/** Bits in, bytes out: the two ends of the bzip2 decoder. */

/** Why an input was refused. */
export class Bzip2Error extends Error {
  readonly code: 'malformed' | 'too-large';

  constructor(code: Bzip2Error['code'], message: string) {
    super(message);
    this.name = 'Bzip2Error';
    this.code = code;
  }
}

export const malformed = (what: string) => new Bzip2Error('malformed', what);
export const tooLarge = () => new Bzip2Error('too-large', 'it expands beyond the limit');

/** Shared buffer in which an input of the usual size is padded: only one decompression runs at a time. */
const PADDED = new DataView(new ArrayBuffer(4096));

/** Bits of the input, highest first. Reading past the end is an error, peeking past it sees zeros. */
export class Bits {
  readonly #view: DataView;
  /** Both in bits. */
  readonly #size: number;
  #at = 0;

  constructor(bytes: Uint8Array) {
    const size = bytes.length + 4;
    this.#view = size <= PADDED.byteLength ? PADDED : new DataView(new ArrayBuffer(size));
    const padded = new Uint8Array(this.#view.buffer, 0, size);
    padded.set(bytes);
    padded.fill(0, bytes.length);
    this.#size = bytes.length * 8;
  }

  /** The next 20 bits, without consuming them. */
  peek(): number {
    return (this.#view.getInt32(this.#at >> 3) << (this.#at & 7)) >>> 12;
  }

  skip(count: number): void {
    this.#at += count;
    if (this.#at > this.#size) throw malformed('it is cut short');
  }

  /** Reads 1 to 24 bits as a number. */
  take(count: number): number {
    const at = this.#at;
    this.skip(count);
    return (this.#view.getInt32(at >> 3) << (at & 7)) >>> (32 - count);
  }

  take32(): number {
    return ((this.take(16) << 16) | this.take(16)) >>> 0;
  }

  /** Advances to the next whole byte. @returns whether the 24 bits there are `mark` */
  alignedAt(mark: number): boolean {
    this.#at = (this.#at + 7) & ~7;
    return this.#at + 24 <= this.#size && this.#view.getInt32(this.#at >> 3) >>> 8 === mark;
  }
}

/** CRC-32 as bzip2 uses it: polynomial 0x04c11db7, highest bit first. */
const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc;
});

/** The expanded bytes, with a cap and a checksum per block. */
export class Output {
  readonly #limit: number;
  #bytes = new Uint8Array(1024);
  #length = 0;
  #blockStart = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes that still fit. */
  room(): number {
    return this.#limit - this.#length;
  }

  append(byte: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    if (this.#length === this.#limit) throw tooLarge();
    this.#bytes[this.#length++] = byte;
  }

  repeat(byte: number, count: number): void {
    if (count > this.room()) throw tooLarge();
    this.#reserve(count);
    this.#bytes.fill(byte, this.#length, this.#length + count);
    this.#length += count;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = new Uint8Array((this.#length + count) * 2);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }

  /** The checksum of everything written since the last call. */
  endBlock(): number {
    const bytes = this.#bytes;
    const end = this.#length;
    let crc = -1;
    for (let at = this.#blockStart; at < end; at++)
      crc = (crc << 8) ^ (CRC_TABLE[(crc >>> 24) ^ (bytes[at] as number)] as number);
    this.#blockStart = end;
    return ~crc >>> 0;
  }

  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

/**
 * Measures a stream of MessagePack before it is decoded: an object may declare only so many bytes, values and levels, so
 * that nonsense costs no memory. The decoder caps each list by itself, which is not enough: it reserves room for every
 * list when it begins, and 5 kB of lists within lists of 100,000 take 800 MB.
 * Format: https://github.com/msgpack/msgpack/blob/master/spec.md
 */

const BYTES_CAP = 32 * 1024 * 1024;
/** Values in one object, counted when a list or map declares them; a member has about 30. */
const VALUES_CAP = 1_000_000;
const DEPTH_CAP = 16;

type Kind = 'payload' | 'array' | 'map';
type Length = { readonly kind: Kind; left: number; value: number };

/** Heads followed by a length: what it counts, and its size in bytes. */
const SIZED: Readonly<Record<number, readonly [Kind, number]>> = {
  196: ['payload', 1], // bin 8, 16, 32
  197: ['payload', 2],
  198: ['payload', 4],
  217: ['payload', 1], // str 8, 16, 32
  218: ['payload', 2],
  219: ['payload', 4],
  220: ['array', 2],
  221: ['array', 4],
  222: ['map', 2],
  223: ['map', 4],
};

/** Heads with a payload of fixed bytes: float 32, float 64, uint 8 to 64, int 8 to 64. */
const FIXED: Readonly<Record<number, number>> = {
  202: 4,
  203: 8,
  204: 1,
  205: 2,
  206: 4,
  207: 8,
  208: 1,
  209: 2,
  210: 4,
  211: 8,
};

/** The stream is not MessagePack, or not what an agent sends. */
class GuardError extends Error {
  override readonly name = 'GuardError';
}

/** An extension type or the one unassigned byte: an agent sends neither. */
function unknownHead(): never {
  throw new GuardError('a byte that begins no value');
}

export class Guard {
  #bytes = 0;
  #values = 0;
  /** Values still to come in each open array or map, outermost first. */
  #open: number[] = [];
  /** Bytes of payload still to come. */
  #payload = 0;
  /** A length being read: what it counts, its bytes still to come, its value so far. */
  #length: Length | null = null;

  /** @throws GuardError when the stream makes no sense; nothing after it can be read */
  check(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      const next = this.#step(chunk, at);
      this.#bytes += next - at;
      at = next;
      if (this.#bytes > BYTES_CAP) throw new GuardError('an object is larger than 32 MiB');
      if (this.#payload > 0 || this.#length || this.#open.length > 0) continue;
      this.#bytes = 0;
      this.#values = 0;
    }
  }

  /** Passes one head, one byte of a length, or as much of a payload as there is; returns the next position. */
  #step(chunk: Uint8Array, at: number): number {
    if (this.#payload > 0) {
      const present = Math.min(this.#payload, chunk.length - at);
      this.#payload -= present;
      if (this.#payload === 0) this.#end();
      return at + present;
    }
    const byte = chunk[at] as number;
    if (this.#length) this.#lengthByte(this.#length, byte);
    else this.#head(byte);
    return at + 1;
  }

  #head(byte: number): void {
    const sized = SIZED[byte];
    if (sized) this.#length = { kind: sized[0], left: sized[1], value: 0 };
    else if (byte < 0x80 || byte >= 0xe0 || byte === 0xc0 || byte === 0xc2 || byte === 0xc3) this.#end();
    else if (byte < 0x90) this.#begin('map', byte & 15);
    else if (byte < 0xa0) this.#begin('array', byte & 15);
    else if (byte < 0xc0) this.#begin('payload', byte & 31);
    else this.#begin('payload', FIXED[byte] ?? unknownHead());
  }

  #lengthByte(length: Length, byte: number): void {
    length.value = length.value * 256 + byte;
    if (--length.left > 0) return;
    this.#length = null;
    this.#begin(length.kind, length.value);
  }

  #begin(kind: Kind, count: number): void {
    if (count > BYTES_CAP) throw new GuardError('a value is larger than 32 MiB');
    if (count === 0) this.#end();
    else if (kind === 'payload') this.#payload = count;
    else if (this.#open.length === DEPTH_CAP) throw new GuardError('an object is nested too deep');
    else this.#push(kind === 'map' ? count * 2 : count);
  }

  #push(values: number): void {
    this.#values += values;
    if (this.#values > VALUES_CAP) throw new GuardError('an object has too many values');
    this.#open.push(values);
  }

  /** Ends a value, and every array and map that it completes. */
  #end(): void {
    for (let depth = this.#open.length - 1; depth >= 0; depth--) {
      const left = (this.#open[depth] as number) - 1;
      this.#open[depth] = left;
      if (left > 0) return;
      this.#open.pop();
    }
  }
}

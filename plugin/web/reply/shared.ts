/**
 * Pages that many readers ask for at once. They differ only by the token of the reader's forms: each is made once, with a
 * blank in its place, serves everybody for a second, and is compressed once too.
 */
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, crc32, deflateRaw } from 'node:zlib';

/** How long a page serves, ms; how many are kept, and how many bytes of them, uncompressed. */
const GOOD_FOR_MS = 1_000;
const MAX_PAGES = 32;
const MAX_BYTES = 3_000_000;

/** Stands for the token while a page is made, and is as long: nobody knows it, so that nothing else in a page is like it. */
export const BLANK = randomBytes(32).toString('base64url');

const deflate = promisify(deflateRaw);

/** A page as text around its blanks. */
export class SharedPage {
  /** With a blank in it, characters. */
  readonly length: number;
  readonly bytes: number;
  readonly #parts: readonly Buffer[];
  #deflated: Promise<readonly Buffer[]> | null = null;

  constructor(text: string) {
    this.length = text.length;
    this.#parts = text.split(BLANK).map((part) => Buffer.from(part));
    this.bytes = this.#parts.reduce((sum, { length }) => sum + length, 0);
  }

  plain(token: string): Buffer {
    return Buffer.concat(between(this.#parts, Buffer.from(token)));
  }

  /** As gzip: the parts as they were compressed once, the token uncompressed. https://www.rfc-editor.org/rfc/rfc1952 */
  async gzip(token: string): Promise<Buffer> {
    // Ended by a flush, so that whole bytes follow each other; one after the other, no part refers back to another.
    this.#deflated ??= Promise.all(this.#parts.map((part) => deflate(part, { finishFlush: constants.Z_FULL_FLUSH })));
    const text = Buffer.from(token);
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(this.#checksum(text));
    trailer.writeUInt32LE((this.bytes + (this.#parts.length - 1) * text.length) % 2 ** 32, 4);
    return Buffer.concat([GZIP_HEADER, ...between(await this.#deflated, stored(text)), EMPTY_LAST_BLOCK, trailer]);
  }

  #checksum(token: Buffer): number {
    // Of no bytes, zlib takes the sum to begin anew.
    const parts = between(this.#parts, token).filter(({ length }) => length > 0);
    return parts.reduce((sum, part) => crc32(part, sum), 0);
  }
}

/** No name, no time, unknown system. */
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
const EMPTY_LAST_BLOCK = Buffer.from([3, 0]);

/** A block that holds the bytes as they are. https://www.rfc-editor.org/rfc/rfc1951#section-3.2.4 */
function stored(bytes: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt16LE(bytes.length, 1);
  head.writeUInt16LE(bytes.length ^ 0xffff, 3);
  return Buffer.concat([head, bytes]);
}

const between = (parts: readonly Buffer[], token: Buffer): Buffer[] =>
  parts.flatMap((part, at) => (at === 0 ? [part] : [token, part]));

interface Entry {
  /** When it was asked for, ms since the epoch. */
  readonly at: number;
  /** null where it could not be made, or is not to be shared. */
  readonly page: Promise<SharedPage | null>;
  bytes: number;
}

/** Makes the page with a blank for the token, and passes it on if others may have it. */
type Make<T> = (share: (page: SharedPage) => void) => T | Promise<T>;

export class SharedPages {
  /** The oldest first. */
  readonly #entries = new Map<string, Entry>();
  #cleaning: NodeJS.Timeout | undefined;

  /**
   * Answers with the page of that key, which says all that it depends on; those who ask while it is made wait for it.
   * @param now ms since the epoch
   */
  async answer<T>(key: string, now: number, send: (page: SharedPage) => T | Promise<T>, make: Make<T>): Promise<T> {
    this.#cleaning?.refresh();
    const known = this.#entries.get(key);
    const page = known && Math.abs(now - known.at) < GOOD_FOR_MS ? await known.page : null;
    return page ? send(page) : this.#make(key, now, make);
  }

  close(): void {
    clearTimeout(this.#cleaning);
    this.#cleaning = undefined;
    this.#entries.clear();
  }

  async #make<T>(key: string, at: number, make: Make<T>): Promise<T> {
    let settle = (_: SharedPage | null) => {};
    const page = new Promise<SharedPage | null>((resolve) => {
      settle = resolve;
    });
    const entry: Entry = { at, page, bytes: 0 };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#cleaning ??= setTimeout(() => this.close(), 2 * GOOD_FOR_MS).unref();
    try {
      return await make((made) => {
        entry.bytes = made.bytes;
        settle(made);
        this.#trim();
      });
    } finally {
      settle(null);
      if (entry.bytes === 0 && this.#entries.get(key) === entry) this.#entries.delete(key);
    }
  }

  #trim(): void {
    let bytes = [...this.#entries.values()].reduce((sum, entry) => sum + entry.bytes, 0);
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= MAX_PAGES && bytes <= MAX_BYTES) return;
      this.#entries.delete(key);
      bytes -= entry.bytes;
    }
  }
}

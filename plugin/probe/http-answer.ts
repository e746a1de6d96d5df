/**
 * HTTP/1 answers, read as leniently as curl reads them (7.88, tried byte by byte): small devices write theirs by hand. Each
 * reader takes the pieces as they come, and looks at each byte once.
 */
import { SPEAKS_TLS } from './failure.js';
import { type Failed, isFailed } from './index.js';

/** Most that is read of a head, interim ones before it included, bytes. */
const HEAD_CAP = 16 * 1024;
/** Interim answers (status 1xx) before the answer. */
const INTERIM_CAP = 8;
/** Longest line between the chunks of a body, bytes. */
const CHUNK_LINE_CAP = 1_024;

export interface Head {
  readonly status: number;
  readonly statusText: string;
  /** Names in lower case; what came several times is joined by commas. Never an object's: a name may be any word. */
  readonly headers: ReadonlyMap<string, string>;
}

type StatusLine = Pick<Head, 'status' | 'statusText'>;

const NOT_HTTP: Failed = { level: 2, reason: 'wrong-protocol' };
/** It began as an answer does. */
const MALFORMED: Failed = { ...NOT_HTTP, detail: 'malformed HTTP' };
/** What a server that speaks only TLS may answer to anything else begins with: an alert (RFC 8446 §5.1). */
const ALERT = 0x15;

const STATUS_LINE = /^HTTP\/(?:1\.[01]|2(?:\.0)?) +(\d{3})(?:[ \t](.*))?$/i;
const START = 'http/';

export class HeadReader {
  #line = '';
  #bytes = 0;
  #interim = 0;
  #status: StatusLine | null = null;
  readonly #values = new Map<string, string[]>();
  /** Of the header that a folded line would go on with. */
  #last: string[] | null = null;
  readonly #mayUpgrade: boolean;

  /** @param mayUpgrade whether the server may change the protocol (status 101), as it was asked to */
  constructor(mayUpgrade: boolean) {
    this.#mayUpgrade = mayUpgrade;
  }

  /** The head, and what came behind it; null while there is more to come. */
  read(chunk: Buffer): (Head & { readonly rest: Buffer }) | Failed | null {
    let from = 0;
    while (from < chunk.length) {
      const at = chunk.indexOf(0x0a, from);
      const until = at === -1 ? chunk.length : at + 1;
      this.#bytes += until - from;
      if (this.#bytes > HEAD_CAP) return { level: 2, reason: 'too-large' };
      this.#line += chunk.toString('latin1', from, until);
      from = until;
      const outcome = at === -1 ? this.#findStranger() : this.#endLine();
      if (outcome) return isFailed(outcome) ? outcome : { ...outcome, rest: chunk.subarray(from) };
    }
    return null;
  }

  /** What there is to say of a head that has not come in time. */
  tooLate(): Failed {
    return { level: 2, reason: 'timeout', ...(this.#bytes > 0 && { detail: 'only began to answer' }) };
  }

  /** At the end of the connection a head without its last line counts, as long as its status is whole. */
  end(): Head | null {
    return this.#status && this.#toHead(this.#status);
  }

  /** Another protocol shows in its first bytes, long before the end of a line. */
  #findStranger(): Failed | null {
    if (this.#status || this.#line === '') return null;
    if (this.#line.charCodeAt(0) === ALERT) return SPEAKS_TLS;
    return START.startsWith(this.#line.slice(0, START.length).toLowerCase()) ? null : NOT_HTTP;
  }

  /** A whole line has come. */
  #endLine(): Head | Failed | null {
    const stranger = this.#findStranger();
    const line = this.#line.replace(/[\r\n]+$/, '');
    this.#line = '';
    if (stranger) return stranger;
    if (this.#status === null) return this.#begin(line);
    if (line === '') return this.#takeHead(this.#status);
    return this.#addHeader(line) ? null : MALFORMED;
  }

  #begin(line: string): Failed | null {
    const [, status, statusText = ''] = STATUS_LINE.exec(line) ?? [];
    if (status === undefined || Number(status) < 100) return NOT_HTTP;
    this.#status = { status: Number(status), statusText: statusText.trim() };
    return null;
  }

  #addHeader(line: string): boolean {
    if (line.includes('\0')) return false;
    if (/^[ \t]/.test(line)) {
      // Folded (RFC 9112 §5.2): goes on with the header before it.
      const value = this.#last?.pop();
      this.#last?.push(`${value} ${line.trim()}`);
      return this.#last !== null;
    }
    const colon = line.indexOf(':');
    if (colon === -1) return false;
    const name = line.slice(0, colon).trim().toLowerCase();
    this.#last = this.#values.get(name) ?? [];
    this.#last.push(line.slice(colon + 1).trim());
    this.#values.set(name, this.#last);
    return true;
  }

  /** The head is complete; after an interim one reading starts anew. */
  #takeHead(line: StatusLine): Head | Failed | null {
    const { status } = line;
    if (status >= 200 || (status === 101 && this.#mayUpgrade)) return this.#toHead(line);
    this.#interim += 1;
    this.#status = null;
    this.#last = null;
    this.#values.clear();
    // A server changes to no protocol that it was not asked for (RFC 9110 §7.8), and interim answers may come without end.
    return status === 101 || this.#interim > INTERIM_CAP ? MALFORMED : null;
  }

  #toHead(line: StatusLine): Head {
    return { ...line, headers: new Map([...this.#values].map(([name, all]) => [name, all.join(', ')])) };
  }
}

/** Reads a body until its end or its cap, whichever comes first. */
export class BodyReader {
  readonly #cap: number;
  readonly #pieces: Buffer[] = [];
  #size = 0;
  /** Bytes until the next end: of the chunk, or of the body; infinite where the connection's end is the body's. */
  #left: number;
  /** What is read in chunks: the line between them, as far as it has come. */
  #line: string | null;
  #isWhole = false;

  constructor({ headers }: Head, cap: number) {
    this.#cap = cap;
    const isChunked = /\bchunked\b/i.test(headers.get('transfer-encoding') ?? '');
    const length = /^\d{1,15}(?=\s*(?:,|$))/.exec(headers.get('content-length') ?? '')?.[0];
    this.#line = isChunked ? '' : null;
    this.#left = isChunked ? 0 : Number(length ?? Number.POSITIVE_INFINITY);
    this.#isWhole = this.#left === 0 && !isChunked;
  }

  /** Whether there is nothing more to read. */
  read(chunk: Buffer): boolean {
    let at = 0;
    while (at < chunk.length && !this.#isDone()) {
      if (this.#left > 0) {
        const piece = chunk.subarray(at, Math.min(chunk.length, at + this.#left));
        this.#pieces.push(piece);
        this.#size += piece.length;
        this.#left -= piece.length;
        at += piece.length;
        if (this.#left === 0 && this.#line === null) this.#isWhole = true;
      } else at = this.#readSize(chunk, at);
    }
    return this.#isDone();
  }

  /** The other side has closed: that ends a body of unknown length. */
  end(): void {
    if (this.#left === Number.POSITIVE_INFINITY) this.#isWhole = true;
  }

  result(): { readonly body: string; readonly whole: boolean } {
    const body = Buffer.concat(this.#pieces).subarray(0, this.#cap).toString();
    return { body, whole: this.#isWhole && this.#size <= this.#cap };
  }

  #isDone(): boolean {
    return this.#isWhole || this.#size > this.#cap || Number.isNaN(this.#left);
  }

  /** The line before a chunk: its size, perhaps behind the end of the chunk before. @returns where it ends */
  #readSize(chunk: Buffer, from: number): number {
    const end = chunk.indexOf(0x0a, from);
    const until = end === -1 ? chunk.length : end + 1;
    this.#line += chunk.toString('latin1', from, Math.min(until, from + CHUNK_LINE_CAP));
    const line = (this.#line ?? '').trim();
    if ((this.#line ?? '').length > CHUNK_LINE_CAP) this.#left = Number.NaN;
    if (end === -1) return until;
    this.#line = '';
    if (line === '') return until;
    // Not a number: what follows cannot be read.
    this.#left = Number.parseInt(/^[0-9A-Fa-f]{1,8}(?=[\s;]|$)/.exec(line)?.[0] ?? 'none', 16);
    if (this.#left === 0) this.#isWhole = true;
    return until;
  }
}

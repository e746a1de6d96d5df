/**
 * Messages of multicast DNS as bytes: where their records are, the names in them, and questions. A record has a length of its
 * own, so one that cannot be read costs only itself. RFC 1035 §4, RFC 6762 §18.
 */
import { labelText, nameBytes } from './names.js';

const HEADER_BYTES = 12;
const RESPONSE = 0x8000;
/** Opcode and response code: a message with others than zero is ignored (RFC 6762 §18.3, §18.11). */
const MUST_BE_ZERO = 0x780f;

/** Longest name, bytes (RFC 1035 §2.3.4), and most pointers followed in one: it has no more labels. */
const NAME_CAP = 255;
const POINTERS_CAP = 127;
/** A first byte below is the length of a label, from here on a pointer; nothing in between is in use. */
const LABEL_BELOW = 0x40;
const POINTER_FROM = 0xc0;

/** Where a record is in its message. Offsets in bytes. */
export interface Place {
  readonly nameAt: number;
  readonly type: number;
  /** With the flag of cache-flush as the highest bit. */
  readonly class: number;
  /** s */
  readonly ttl: number;
  readonly dataAt: number;
  readonly dataEnd: number;
}

/** The records of a message, and whether the message ends before them. */
export interface Places {
  readonly places: readonly Place[];
  readonly isCut: boolean;
}

/** Where the answers and additional records of a response are; none in any other message. */
export function findRecords(message: Buffer): Places {
  if (message.length < HEADER_BYTES) return { places: [], isCut: true };
  const flags = message.readUInt16BE(2);
  if ((flags & RESPONSE) === 0 || (flags & MUST_BE_ZERO) !== 0) return { places: [], isCut: false };
  const answers = message.readUInt16BE(6);
  const authorities = message.readUInt16BE(8);
  const end = answers + authorities + message.readUInt16BE(10);
  const places: Place[] = [];
  let at = skipQuestions(message, message.readUInt16BE(4));
  for (let nth = 0; nth < end; nth++) {
    const place = at === null ? null : findRecord(message, at);
    if (place === null) return { places, isCut: true };
    if (nth < answers || nth >= answers + authorities) places.push(place);
    at = place.dataEnd;
  }
  return { places, isCut: at === null };
}

function skipQuestions(message: Buffer, count: number): number | null {
  let at: number | null = HEADER_BYTES;
  for (let left = count; left > 0 && at !== null; left--) {
    const end = skipName(message, at);
    at = end === null ? null : end + 4;
  }
  return at;
}

function findRecord(message: Buffer, nameAt: number): Place | null {
  const at = skipName(message, nameAt);
  if (at === null || at + 10 > message.length) return null;
  const dataAt = at + 10;
  const dataEnd = dataAt + message.readUInt16BE(at + 8);
  if (dataEnd > message.length) return null;
  const [type, klass] = [message.readUInt16BE(at), message.readUInt16BE(at + 2)];
  return { nameAt, type, class: klass, ttl: message.readUInt32BE(at + 4), dataAt, dataEnd };
}

/** Where what follows the name begins, wherever its pointers lead; null where that cannot be told. */
function skipName(message: Buffer, start: number): number | null {
  let at = start;
  for (;;) {
    const length = message[at];
    if (length === 0) return at + 1;
    if (length === undefined || (length >= LABEL_BELOW && length < POINTER_FROM)) return null;
    if (length >= POINTER_FROM) return at + 2;
    at += 1 + length;
  }
}

/**
 * The name at an offset (`names.ts`); null where it is malformed. Pointers lead to earlier bytes only.
 * @param end what is at the offset must end here or before
 */
export function readName(message: Buffer, start: number, end: number): string | null {
  const texts: string[] = [];
  let [at, runAt, pointers, bytes] = [start, start, 0, 1];
  let limit = end;
  for (;;) {
    const length = message[at];
    if (length === undefined || at >= limit) return null;
    if (length === 0) return texts.join('.');
    if (length >= POINTER_FROM) {
      const target = ((length & 0x3f) << 8) | (message[at + 1] ?? 0xff);
      if (at + 2 > limit || target >= runAt || ++pointers > POINTERS_CAP) return null;
      [at, runAt, limit] = [target, target, message.length];
      continue;
    }
    bytes += 1 + length;
    if (length >= LABEL_BELOW || bytes > NAME_CAP || at + 1 + length > limit) return null;
    texts.push(labelText(message.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
}

/** A question for records of one type and name. */
export function writeQuestion(type: number, name: string): Buffer {
  return Buffer.concat([nameBytes(name), Buffer.of(type >> 8, type & 0xff, 0, 1)]);
}

/** A query, asking everybody, with these questions. */
export function writeQuery(questions: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(questions.length, 4);
  return Buffer.concat([header, ...questions]);
}

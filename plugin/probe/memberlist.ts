/**
 * The ping of memberlist, the gossip layer below Serf: a node's path is measured with one datagram, without special
 * rights and without joining anything. https://github.com/hashicorp/memberlist/blob/main/net.go
 */
import { randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { decode } from '@msgpack/msgpack';
import { lzwDecode } from '../lib/lzw.js';
import { waitFor } from '../lib/wait.js';
import { isFailed, type ProbeContext, type Target } from './index.js';
import { connect } from './tcp.js';
import { openUdp, type Request } from './udp.js';

/** First byte of each message. */
const PING = 0x00;
const ACK = 0x02;
const COMPOUND = 0x07;
const COMPRESSED = 0x09;
const CHECKSUMMED = 0x0c;
const LABELLED = 0xf4;

/** An answer is one ack in at most four wrappings (label, checksum, compression, bundle); more is an attack. */
const MAX_DEPTH = 4;
/** Largest answer read, decompressed, bytes; a real one has a few hundred. */
const MAX_MESSAGE = 16_384;
/**
 * Allowance for reading all answers to one ping: bytes read, those of every wrapping and of its content counted, and messages
 * decompressed. A real ack takes 60 to 500 bytes, and one decompression.
 */
const ALLOWANCE = { bytes: 65_536, unpackings: 16 } as const;

/** Longest that the answer to a ping over TCP may take once connected, ms. */
const STREAM_LIMIT_MS = 2_000;

/**
 * A ping to any member (`node` empty), or to the member of that name: a node keeps silent under another name.
 * Each call makes a fresh request with its own number.
 */
export function memberlistPing(node: string): () => Request<true> {
  return () => {
    const sequence = randomInt(2 ** 31, 2 ** 32);
    const reader = new AckReader(sequence);
    return { datagram: encodePing(sequence, node), read: (datagram) => reader.read(datagram) };
  };
}

/**
 * The same ping over TCP, where silence cannot be loss: true when the member of that name answers, false when it hangs
 * up without answer, null when nothing can be said.
 */
export async function answersToName(target: Target, context: ProbeContext, limitMs: number): Promise<boolean | null> {
  const connection = await connect(target, context, limitMs);
  if (isFailed(connection)) return null;
  const { datagram, read } = memberlistPing(target.node)();
  const { socket } = connection;
  try {
    return await waitFor<boolean | null>({
      signal: context.signal,
      limitMs: STREAM_LIMIT_MS,
      atLimit: () => null,
      listen: (end) => {
        let received = Buffer.alloc(0);
        socket.on('data', (chunk) => {
          received = Buffer.concat([received, chunk]);
          if (read(received) !== null) end(() => true);
          else if (received.length > MAX_MESSAGE) end(() => null);
        });
        socket.once('close', (failed) => end(() => (received.length === 0 && !failed ? false : null)));
        socket.write(datagram);
        return () => socket.pause();
      },
    });
  } finally {
    connection.close();
  }
}

/** Pings by name before silence counts as an answer, and the wait for each, ms. */
const NAME_PINGS = 2;
const NAME_LIMIT_MS = 1_000;

/**
 * Whether the agent at that place answers to that name: anybody can announce a place for a member. Silence proves nothing; an
 * encrypted community is silent, too.
 */
export async function answersByName(
  { node, gossip }: { readonly node: string; readonly gossip: NonNullable<Target['gossip']> },
  signal: AbortSignal,
): Promise<boolean> {
  if (node === '') return false;
  const udp = await openUdp(gossip, { signal, traffic: { sent: 0, received: 0 } });
  if (isFailed(udp)) return false;
  try {
    return !isFailed(await udp.ask(memberlistPing(node), NAME_PINGS, NAME_LIMIT_MS));
  } finally {
    udp.close();
  }
}

/** MsgPack by hand: agents older than 2017 read only fixed and 16-bit strings, which no library can be held to. */
function encodePing(sequence: number, node: string): Buffer {
  const number = Buffer.alloc(5, 0xce);
  number.writeUInt32BE(sequence, 1);
  return Buffer.concat([Buffer.of(PING, 0x82), raw('SeqNo'), number, raw('Node'), raw(node)]);
}

function raw(text: string): Buffer {
  const bytes = Buffer.from(text);
  const head = bytes.length < 32 ? [0xa0 | bytes.length] : [0xda, bytes.length >> 8, bytes.length & 0xff];
  return Buffer.concat([Buffer.from(head), bytes]);
}

/** Looks for the ack of one number, within one allowance for all that the provider sends. */
class AckReader {
  readonly #sequence: number;
  #bytes: number = ALLOWANCE.bytes;
  #unpackings: number = ALLOWANCE.unpackings;

  constructor(sequence: number) {
    this.#sequence = sequence;
  }

  /** True for the ack, however wrapped; else null. A stranger's bytes: nothing in them may throw. */
  read(message: Uint8Array, depth = MAX_DEPTH): true | null {
    try {
      return this.#find(message, depth);
    } catch {
      return null;
    }
  }

  #find(message: Uint8Array, depth: number): true | null {
    if (depth < 0 || message.length > Math.min(MAX_MESSAGE, this.#bytes)) return null;
    this.#bytes -= message.length;
    const body = message.subarray(1);
    switch (message[0]) {
      case ACK:
        return decodeMap(body).SeqNo === this.#sequence || null;
      case COMPOUND:
        return firstMatch(readParts(body), (part) => this.read(part, depth - 1));
      case COMPRESSED:
        return this.#unpack(body, depth);
      case CHECKSUMMED:
        return Buffer.from(body).readUInt32BE(0) === crc32(body.subarray(4))
          ? this.read(body.subarray(4), depth - 1)
          : null;
      case LABELLED:
        return this.read(body.subarray(1 + (body[0] ?? 0)), depth - 1);
      default:
        return null;
    }
  }

  /** Unpacking costs as much when it fails, so it is charged before. */
  #unpack(body: Uint8Array, depth: number): true | null {
    if (this.#unpackings === 0) return null;
    this.#unpackings -= 1;
    const { Algo, Buf } = decodeMap(body);
    if (Algo !== 0 || !(Buf instanceof Uint8Array)) return null;
    return this.read(lzwDecode(Buf, Math.min(MAX_MESSAGE, this.#bytes)), depth - 1);
  }
}

/** A bundle: how many parts, the length of each, then the parts. */
function readParts(body: Uint8Array): Uint8Array[] {
  const view = Buffer.from(body);
  const count = view.readUInt8(0);
  let at = 1 + 2 * count;
  return Array.from({ length: count }, (_, index) => {
    const start = at;
    at += view.readUInt16BE(1 + 2 * index);
    return body.subarray(start, at);
  });
}

function firstMatch<T, R>(list: readonly T[], pick: (item: T) => R | null): R | null {
  for (const item of list) {
    const picked = pick(item);
    if (picked !== null) return picked;
  }
  return null;
}

/** Old MsgPack has one family for text and bytes, so every value comes as bytes; keys are always text. Announced lengths are capped. */
function decodeMap(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const value = decode(bytes, { rawStrings: true, maxArrayLength: 64, maxMapLength: 16 });
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

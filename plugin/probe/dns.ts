/** DNS: one question as a datagram or over TCP, and its answer read with distrust (RFC 1035). */
import { randomInt } from 'node:crypto';
import type { Socket } from 'node:net';
import { type Answer, decode, encode, type Question, RECURSION_DESIRED } from 'dns-packet';
import { waitFor } from '../lib/wait.js';
import { isFailed, type ProbeContext, type Target } from './index.js';
import { connect } from './tcp.js';
import { elapsed } from './times.js';
import type { Request } from './udp.js';

/** Response codes (RFC 1035 §4.1.1) that a probe distinguishes. */
export const RCODE = { noError: 0, serverFailure: 2, nameError: 3, refused: 5 } as const;

export interface DnsReply {
  readonly rcode: number;
  /** The server is an authority for the name. */
  readonly authoritative: boolean;
  /** The server would look names up elsewhere for us. */
  readonly recursion: boolean;
  readonly truncated: boolean;
  readonly answers: readonly Answer[];
}

/** Asks as an ordinary client does, recursion desired. Each call makes a fresh request with its own id. */
export function dnsQuestion(name: string, type: Question['type']): () => Request<DnsReply> {
  return () => {
    const id = randomInt(65_536);
    const datagram = encode({ type: 'query', id, flags: RECURSION_DESIRED, questions: [{ name, type }] });
    return { datagram, read: (answer) => readReply(answer, id, { name, type }) };
  };
}

/** Longest that connecting, and then the answer over TCP, may each take, ms: what a registry allows for both. */
const STREAM_LIMIT_MS = 1_500;

/** An answer over TCP, and the time that connecting and asking took, ms. */
export interface StreamAnswer {
  readonly value: DnsReply;
  readonly ms: number;
}

/** The same question over TCP, which every server must answer (RFC 7766); null where no reply comes. */
export async function askOverTcp(
  target: Pick<Target, 'address' | 'port'>,
  context: ProbeContext,
  compose: () => Request<DnsReply>,
): Promise<StreamAnswer | null> {
  const started = performance.now();
  const connection = await connect(target, context, STREAM_LIMIT_MS);
  if (isFailed(connection)) return null;
  try {
    const value = await askStream(connection.socket, compose(), context.signal);
    return value && { value, ms: elapsed(started, context.times) };
  } finally {
    connection.close();
  }
}

function askStream(socket: Socket, { datagram, read }: Request<DnsReply>, signal: AbortSignal) {
  return waitFor<DnsReply | null>({
    signal,
    limitMs: STREAM_LIMIT_MS,
    atLimit: () => null,
    listen: (end) => {
      let received = Buffer.alloc(0);
      socket.on('data', (chunk) => {
        received = Buffer.concat([received, chunk]);
        // Each message follows its length in two bytes, so none is longer than 64 KiB.
        const length = 2 + (received.length < 2 ? 0 : received.readUInt16BE());
        if (length > 2 + MAX.bytes) end(() => null);
        else if (received.length >= 2 && received.length >= length) end(() => read(received.subarray(2, length)));
      });
      socket.once('close', () => end(() => null));
      socket.write(Buffer.concat([Buffer.of(datagram.length >> 8, datagram.length & 0xff), datagram]));
      return () => socket.pause();
    },
  });
}

/** Bytes of a message's header, and the least that a question and a record take (RFC 1035 §4.1). */
const LEAST = { header: 12, question: 5, record: 11 } as const;

/**
 * Largest answer read, and most records in it: names may point to names, so the decoder's work grows with their product.
 * Without EDNS a datagram has 512 bytes at most; over TCP the answers to our questions are hardly larger.
 */
const MAX = { bytes: 4_096, records: 100 } as const;

/** Whether it carries that id and is long enough for all that its header counts: the decoder allocates that much unchecked. */
function mayBeReply(datagram: Buffer, id: number): boolean {
  if (datagram.length < LEAST.header || datagram.length > MAX.bytes || datagram.readUInt16BE() !== id) return false;
  const records = [6, 8, 10].reduce((sum, at) => sum + datagram.readUInt16BE(at), 0);
  const least = LEAST.header + datagram.readUInt16BE(4) * LEAST.question + records * LEAST.record;
  return records <= MAX.records && least <= datagram.length;
}

/** The reply to that question under that id; null for anything else, malformed packets included. */
function readReply(datagram: Buffer, id: number, { name, type }: Question): DnsReply | null {
  if (!mayBeReply(datagram, id)) return null;
  let packet: ReturnType<typeof decode>;
  try {
    packet = decode(datagram);
  } catch {
    return null;
  }
  const rcode = (packet.flags ?? 0) & 0xf;
  const [question] = packet.questions ?? [];
  // unbound refuses without repeating the question.
  const repeated = question
    ? question.type === type && question.name.toLowerCase() === name.toLowerCase()
    : rcode !== RCODE.noError;
  if (!packet.flag_qr || !repeated) return null;
  return {
    rcode,
    authoritative: packet.flag_aa,
    recursion: packet.flag_ra,
    truncated: packet.flag_tc,
    answers: packet.answers ?? [],
  };
}

/** The name for a reverse lookup of an address (RFC 1035 §3.5); null for anything but an IPv4 address. */
export function reverseName(address: string): string | null {
  const parts = address.split('.');
  return parts.length === 4 ? `${parts.reverse().join('.')}.in-addr.arpa` : null;
}

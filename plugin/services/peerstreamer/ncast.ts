/**
 * NCAST, by which the peers of a stream find each other, as the GRAPES library writes it: the one question that may be
 * put to a stranger's streamer, and the answers to it. https://github.com/cskiraly/GRAPES
 *
 * A streamer ends, for all its viewers, on a question that is one byte too long or too short.
 */

export interface Peer {
  readonly address: string;
  readonly port: number;
}

/** What a streamer says to a newcomer. */
export type Message =
  /** The peers that it knows, itself first. */
  | { readonly kind: 'peers'; readonly first: Peer }
  /** It asks in its turn. */
  | { readonly kind: 'question'; readonly first: Peer }
  /** The chunks of the stream that it holds: number of the newest, or null when it holds none. */
  | { readonly kind: 'chunks'; readonly newest: number | null }
  /** It takes us for a neighbour. */
  | { readonly kind: 'neighbour' };

/** Each datagram begins with a number, which fragment it is, and of how many. */
const SINGLE = Buffer.of(1, 1, 1);
const TOPOLOGY = 0x10;
const SIGNALLING = 0x12;
const NEIGHBOURHOOD = 0x22;

/** Kinds of topology messages. */
const QUESTION = 1;
const PEERS = 2;
/** A peer: time stamp (4), socket address as Linux has it (16), metadata as long as the list says. */
const ENTRY = { stamp: 4, address: 16 };
const AF_INET = Buffer.of(2, 0);
const METADATA = 12;

/** Signalling: how many chunks, how they are written, how long the metadata is; four bytes each. */
const SIGNALLING_HEAD = 12;
const BITMAP = 1;
/** First byte of the metadata: a buffer map, and neither offer nor request. */
const BUFFER_MAP = 0x0a;

/**
 * "Who is there?", 45 bytes, from the peer `own`: the answer goes to the address inside, so it must be that of the socket.
 * Its metadata is zero, which says that we buffer nothing: to anybody else a streamer begins to send its stream.
 */
export function ncastQuestion(own: Peer): Buffer {
  const datagram = Buffer.alloc(SINGLE.length + 10 + ENTRY.stamp + ENTRY.address + METADATA);
  datagram.set([...SINGLE, TOPOLOGY, QUESTION]);
  let at = SINGLE.length + 2;
  for (const number of [1, METADATA, 1]) at = datagram.writeUInt32BE(number, at);
  datagram.set(AF_INET, at);
  datagram.writeUInt16BE(own.port, at + 2);
  datagram.set(own.address.split('.').map(Number), at + 4);
  return datagram;
}

/** What the datagram says; null for anything that is not of this protocol to its last byte. */
export function readNcast(datagram: Buffer): Message | null {
  if (datagram[1] !== SINGLE[1] || datagram[2] !== SINGLE[2]) return null;
  const body = datagram.subarray(SINGLE.length + 1);
  switch (datagram[SINGLE.length]) {
    case TOPOLOGY:
      return readPeers(body);
    case SIGNALLING:
      return readChunks(body);
    case NEIGHBOURHOOD:
      return body[0] === 0 ? { kind: 'neighbour' } : null;
    default:
      return null;
  }
}

function readPeers(body: Buffer): Message | null {
  const head = 1 + 4 + 4;
  if (body.length < head + ENTRY.stamp + ENTRY.address) return null;
  const count = body.readUInt32BE(1);
  const entry = ENTRY.stamp + ENTRY.address + body.readUInt32BE(5);
  const address = body.subarray(head + ENTRY.stamp);
  if (body.length !== head + count * entry || !address.subarray(0, 2).equals(AF_INET)) return null;
  const first = { address: address.subarray(4, 8).join('.'), port: address.readUInt16BE(2) };
  if (body[0] === PEERS) return { kind: 'peers', first };
  return body[0] === QUESTION ? { kind: 'question', first } : null;
}

/** Number of the oldest chunk, then one bit for each from there to the newest; nothing of that when there is no chunk. */
function readChunks(body: Buffer): Message | null {
  if (body.length < SIGNALLING_HEAD) return null;
  const count = body.readUInt32BE(0);
  const metadata = body.readUInt32BE(8);
  if (body[body.length - metadata] !== BUFFER_MAP) return null;
  const map = body.length - SIGNALLING_HEAD - metadata;
  // Some versions write the number of the oldest chunk also where there is none.
  if (count === 0) return map === 0 || map === 4 ? { kind: 'chunks', newest: null } : null;
  if (body.readUInt32BE(4) !== BITMAP || map !== 4 + Math.ceil(count / 8)) return null;
  return { kind: 'chunks', newest: body.readUInt32BE(SIGNALLING_HEAD) + count - 1 };
}

/** A video channel's answers to a newcomer, as PeerStreamer's original gives them (GRAPES: ncast, chunk signalling). */
import { ncastQuestion, type Peer, readNcast } from '../../services/peerstreamer/ncast.js';

/** Numbers of the oldest and the newest chunk that it holds. */
export type Chunks = readonly [oldest: number, newest: number];

/** Offset of the kind of a topology message, and the kind that lists peers. */
const KIND = 4;
const PEERS = 2;
const NEIGHBOUR = Buffer.of(1, 1, 1, 0x22, 0);
/** How a buffer map is written: one bit for each chunk. */
const BITMAP = 1;

/** Who it is, what it holds (null: nothing is shown), and that the newcomer is a neighbour now; nothing to anything else. */
export function answerNewcomer(question: Buffer, own: Peer, held: Chunks | null): readonly Buffer[] {
  if (readNcast(question)?.kind !== 'question') return [];
  // A list of peers has the form of the question, which lists the asker alone.
  const peers = ncastQuestion(own);
  peers[KIND] = PEERS;
  return [peers, bufferMap(held), NEIGHBOUR];
}

function bufferMap(held: Chunks | null): Buffer {
  const metadata = Buffer.alloc(20);
  metadata[0] = 0x0a;
  const [oldest, newest] = held ?? [0, -1];
  const count = newest - oldest + 1;
  const map = held ? [uint32(oldest), Buffer.alloc(Math.ceil(count / 8), 0xff)] : [];
  return Buffer.concat([
    Buffer.of(1, 1, 1, 0x12),
    uint32(count),
    uint32(BITMAP),
    uint32(metadata.length),
    ...map,
    metadata,
  ]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

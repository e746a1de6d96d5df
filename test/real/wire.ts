/** What a relay has seen, as it would be on a network: packets and bytes with their headers. */
import type { Conversation } from '../relay.js';

/** IP and UDP; IP and TCP with the timestamps that Linux puts into every segment. Bytes. */
const UDP_HEADERS = 28;
const TCP_HEADERS = 52;
/** Segments that open and close a connection. */
const TCP_FRAME = 6;
/** What fits into a segment, bytes. */
const SEGMENT = 1_448;

export interface Cost {
  packets: number;
  bytes: number;
}

/** What a conversation was on the wire: each segment of data has its acknowledgement. */
export function wire({ transport, sent, received }: Conversation): Cost {
  const bytes = sent.bytes + received.bytes;
  if (transport === 'udp') {
    const packets = sent.packets + received.packets;
    return { packets, bytes: bytes + packets * UDP_HEADERS };
  }
  const segments = [sent, received].map((way) => Math.max(way.packets, Math.ceil(way.bytes / SEGMENT)));
  const packets = TCP_FRAME + 2 * segments.reduce((sum, count) => sum + count, 0);
  return { packets, bytes: bytes + packets * TCP_HEADERS };
}

/** The sum. */
export function total(costs: readonly Cost[]): Cost {
  const sum = (of: keyof Cost) => costs.reduce((all, one) => all + one[of], 0);
  return { packets: sum('packets'), bytes: sum('bytes') };
}

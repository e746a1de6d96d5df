/** Bytes of the headers of a probe's packets: the sockets count only the payload. */
import { isIPv6 } from 'node:net';
import type { ProbeContext } from './index.js';

type Traffic = ProbeContext['traffic'];

/** Bytes of a TCP header: of the two that open a connection, of a reset, of any other (time stamps included). */
const TCP = { syn: 40, reset: 20, other: 32 } as const;
/** Packets without data of a connection that is opened and closed: one completes the opening, three close it. */
const ENDS = 4;
/** Most data in a packet of Ethernet with a TCP header of that length, bytes. */
const SEGMENT = 1_440;
const UDP = 8;
/** A refused datagram comes back with its headers in another packet of this size. */
const ICMP = 8;
/** The kernel repeats a SYN after this many ms without an answer, and doubles the wait each time (RFC 6298). */
const SYN_AGAIN_MS = 1_000;

const ip = (address: string) => (isIPv6(address) ? 40 : 20);

function count(traffic: Traffic, bytes: number): void {
  traffic.headers = (traffic.headers ?? 0) + bytes;
}

/** Counts the SYNs of an attempt to connect that took `ms`, and the answer: none, a reset, or a SYN of the other side. */
export function countDial(traffic: Traffic, address: string, ms: number, answer: 'none' | 'reset' | 'syn'): void {
  const tries = 1 + Math.floor(Math.log2(ms / SYN_AGAIN_MS + 1));
  const back = { none: 0, reset: ip(address) + TCP.reset, syn: ip(address) + TCP.syn };
  count(traffic, tries * (ip(address) + TCP.syn) + back[answer]);
}

/** A connection's packets after the first two: each with data is acknowledged by one without. */
export function countConnection(traffic: Traffic, address: string, sent: number, received: number): void {
  const segments = Math.ceil(sent / SEGMENT) + Math.ceil(received / SEGMENT);
  count(traffic, (ENDS + 2 * segments) * (ip(address) + TCP.other));
}

export function countDatagram(traffic: Traffic, address: string): void {
  count(traffic, ip(address) + UDP);
}

/** "Port unreachable". */
export function countRefusal(traffic: Traffic, address: string): void {
  count(traffic, 2 * ip(address) + ICMP + UDP);
}

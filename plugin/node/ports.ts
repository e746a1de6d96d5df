/** Whether something on this machine listens on a port, and where neighbours can reach it: as the kernel lists its sockets. */
import { readFile } from 'node:fs/promises';

/** `open`: on an address that others reach; `loopback`: only this machine does; `closed`: nothing listens. */
export type Listening = 'open' | 'loopback' | 'closed';
export type Transport = 'tcp' | 'udp';

/** Columns of https://docs.kernel.org/networking/proc_net_tcp.html; a UDP socket without a peer is in state 07 (CLOSE). */
const LINE = /^\s*\d+: ([0-9A-F]{8,32}):([0-9A-F]{4}) [0-9A-F]+:([0-9A-F]{4}) ([0-9A-F]{2}) /;
const LISTENS = { tcp: '0A', udp: '07' } as const;

/** How the port is listened on; null where the kernel's list cannot be read. */
export async function listening(port: number, transport: Transport): Promise<Listening | null> {
  const tables = await Promise.all([transport, `${transport}6`].map((name) => table(`/proc/net/${name}`)));
  if (tables.every((text) => text === null)) return null;
  return tables.map((text) => listeningIn(text ?? '', port, transport)).sort(byReach)[0] ?? 'closed';
}

/** Without IPv6 there is no list of its sockets. */
const table = (file: string) => readFile(file, 'latin1').catch(() => null);

const REACH: readonly Listening[] = ['open', 'loopback', 'closed'];
const byReach = (one: Listening, other: Listening) => REACH.indexOf(one) - REACH.indexOf(other);

/** How one of the kernel's lists says that the port is listened on. */
export function listeningIn(text: string, port: number, transport: Transport): Listening {
  let found: Listening = 'closed';
  for (const line of text.split('\n')) {
    const [, address = '', local = '', remotePort, state] = LINE.exec(line) ?? [];
    if (Number.parseInt(local, 16) !== port || state !== LISTENS[transport] || remotePort !== '0000') continue;
    if (!isLoopback(address)) return 'open';
    found = 'loopback';
  }
  return found;
}

/** The kernel writes each 32-bit word as the machine's own number: 127.0.0.1 is 0100007F on little-endian machines. */
function isLoopback(hex: string): boolean {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse());
  if (bytes.length === 4) return bytes[0] === '7F';
  const text = bytes.join('');
  return text === `${'0'.repeat(31)}1` || text.startsWith(`${'0'.repeat(20)}FFFF7F`);
}

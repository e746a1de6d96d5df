/** Whether something on this machine listens on a port, and where neighbours can reach it: as the kernel lists its sockets. */
import { readFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { endianness } from 'node:os';

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

/** After the queues, a timer, retries, user and timeout comes the socket's inode. */
const INODE = /^\s*\d+: ([0-9A-F]{8,32}):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} 0A \S+ \S+ \S+ +\d+ +\d+ (\d+)/;
const BOOT_FILE = '/proc/sys/kernel/random/boot_id';

/**
 * What names the run of the program that listens there on TCP: its socket, and this boot of the machine. null where
 * nothing on this machine is seen to listen there.
 * @param host a literal address
 */
export async function runOf(host: string, port: number): Promise<string | null> {
  const [boot, ...tables] = await Promise.all([BOOT_FILE, '/proc/net/tcp', '/proc/net/tcp6'].map(table));
  const exact = hexOf(host === 'localhost' ? '127.0.0.1' : host);
  const all = tables.flatMap((text) => (text ?? '').split('\n').flatMap((line) => listenerIn(line, port)));
  const found = all.find(({ address }) => address === exact) ?? all.find(({ address }) => /^0+$/.test(address));
  return boot && found ? `${boot.trim()} ${found.inode}` : null;
}

function listenerIn(line: string, port: number): { readonly address: string; readonly inode: string }[] {
  const [, address, local = '', inode] = INODE.exec(line) ?? [];
  return address && inode && Number.parseInt(local, 16) === port ? [{ address, inode }] : [];
}

/** An IPv4 address as the kernel's list has it; the agent's socket for IPv6 is found by its being the only one. */
function hexOf(host: string): string | null {
  if (!isIPv4(host)) return null;
  const bytes = host.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0').toUpperCase());
  return (endianness() === 'LE' ? bytes.reverse() : bytes).join('');
}

/** The kernel writes each 32-bit word as the machine's own number: 127.0.0.1 is 0100007F on little-endian machines. */
function isLoopback(hex: string): boolean {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse());
  if (bytes.length === 4) return bytes[0] === '7F';
  const text = bytes.join('');
  return text === `${'0'.repeat(31)}1` || text.startsWith(`${'0'.repeat(20)}FFFF7F`);
}

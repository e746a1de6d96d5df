/** Whether a program on this machine listens on a port, and whether neighbours can reach it: from the kernel's list of sockets. */
import { readFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { endianness } from 'node:os';

/** `open`: on an address that others reach; `loopback`: only this machine reaches it; `closed`: nothing listens. */
export type Listening = 'open' | 'loopback' | 'closed';
export type Transport = 'tcp' | 'udp';

/** Columns of https://docs.kernel.org/networking/proc_net_tcp.html; a UDP socket without a peer is in state 07 (CLOSE). */
const LINE = /^\s*\d+: ([0-9A-F]{8,32}):([0-9A-F]{4}) [0-9A-F]+:([0-9A-F]{4}) ([0-9A-F]{2}) /;
const LISTENS = { tcp: '0A', udp: '07' } as const;

/** The state of the port; null where the kernel's list cannot be read. */
export async function listening(port: number, transport: Transport): Promise<Listening | null> {
  const tables = await Promise.all([transport, `${transport}6`].map((name) => readTable(`/proc/net/${name}`)));
  if (tables.every((text) => text === null)) return null;
  return tables.map((text) => readListening(text ?? '', port, transport)).sort(byReach)[0] ?? 'closed';
}

/** null where there is no list, as without IPv6. */
const readTable = (file: string) => readFile(file, 'latin1').catch(() => null);

const REACH: readonly Listening[] = ['open', 'loopback', 'closed'];
const byReach = (a: Listening, b: Listening) => REACH.indexOf(a) - REACH.indexOf(b);

/** The state of the port in one of the kernel's lists. */
export function readListening(text: string, port: number, transport: Transport): Listening {
  let state: Listening = 'closed';
  for (const line of text.split('\n')) {
    const [, address = '', local = '', remotePort, socketState] = LINE.exec(line) ?? [];
    if (Number.parseInt(local, 16) !== port || socketState !== LISTENS[transport] || remotePort !== '0000') continue;
    if (!isLoopback(address)) return 'open';
    state = 'loopback';
  }
  return state;
}

/** The socket's inode follows the queues, a timer, retries, user and timeout. */
const INODE = /^\s*\d+: ([0-9A-F]{8,32}):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} 0A \S+ \S+ \S+ +\d+ +\d+ (\d+)/;
const BOOT_FILE = '/proc/sys/kernel/random/boot_id';

/**
 * An id of the run of the program that listens there on TCP: its socket, and this boot of the machine. null where no
 * program on this machine is seen to listen there.
 * @param host a literal address
 */
export async function readRun(host: string, port: number): Promise<string | null> {
  const [boot, ...tables] = await Promise.all([BOOT_FILE, '/proc/net/tcp', '/proc/net/tcp6'].map(readTable));
  const exact = toHex(host === 'localhost' ? '127.0.0.1' : host);
  const all = tables.flatMap((text) => (text ?? '').split('\n').flatMap((line) => readListener(line, port)));
  const found = all.find(({ address }) => address === exact) ?? all.find(({ address }) => /^0+$/.test(address));
  return boot && found ? `${boot.trim()} ${found.inode}` : null;
}

function readListener(line: string, port: number): { readonly address: string; readonly inode: string }[] {
  const [, address, local = '', inode] = INODE.exec(line) ?? [];
  return address && inode && Number.parseInt(local, 16) === port ? [{ address, inode }] : [];
}

/** An IPv4 address as in the kernel's list; null for IPv6: there the agent's socket is the only one on the port. */
function toHex(host: string): string | null {
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

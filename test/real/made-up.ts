/**
 * Members that do not exist, as one stranger makes them: unauthenticated "alive" messages of memberlist to an agent's gossip
 * port, which it believes and passes on. https://github.com/hashicorp/memberlist/blob/main/state.go
 */
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export interface MadeUp {
  readonly name: string;
  /** Where it is said to gossip: IPv4. */
  readonly address: string;
  readonly port?: number;
  /** The `services` tag. */
  readonly tag: string;
}

const ALIVE = 4;
/** The kernel's queue of one socket holds some hundred of them. */
const AT_ONCE = 40;
const PAUSE_MS = 4;

/** Sends a message for each member, from one socket; none of them is confirmed. */
export async function makeUp(members: readonly MadeUp[], to: { readonly address: string; readonly port: number }) {
  const socket = createSocket('udp4');
  for (let from = 0; from < members.length; from += AT_ONCE) {
    for (const member of members.slice(from, from + AT_ONCE)) socket.send(alive(member), to.port, to.address);
    await pause(PAUSE_MS);
  }
  await new Promise<void>((resolve) => socket.close(resolve));
}

/** The tags of many nodes, packed by one bzip2 for all of them. */
export function writeTags(lists: readonly (readonly unknown[])[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'tags-'));
  const files = lists.map((_, index) => join(folder, `${index}`));
  for (const [index, list] of lists.entries()) writeFileSync(files[index] as string, JSON.stringify(list));
  try {
    execFileSync('xargs', ['bzip2', '-9'], { input: files.join('\n') });
    return files.map((file) => readFileSync(`${file}.bz2`).toString('base64'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function alive({ name, address, port = 7946, tag }: MadeUp): Buffer {
  const meta = Buffer.concat([Buffer.of(0xff, 0x81), raw('services'), raw(tag)]);
  return Buffer.concat([
    Buffer.of(ALIVE, 0x86),
    ...[raw('Incarnation'), Buffer.of(0xce, 0, 0, 0, 1)],
    ...[raw('Node'), raw(name)],
    ...[raw('Addr'), raw(Buffer.from(address.split('.').map(Number)))],
    ...[raw('Port'), Buffer.of(0xcd, port >> 8, port & 255)],
    ...[raw('Meta'), raw(meta)],
    ...[raw('Vsn'), raw(Buffer.of(1, 5, 2, 2, 5, 5))],
  ]);
}

/** One family for text and bytes, as old MessagePack has it. */
function raw(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string);
  const head = bytes.length < 32 ? [0xa0 | bytes.length] : [0xda, bytes.length >> 8, bytes.length & 255];
  return Buffer.concat([Buffer.from(head), bytes]);
}

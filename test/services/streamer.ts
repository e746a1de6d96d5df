/**
 * A streamer as the original behaves, as far as a newcomer sees it. Like the original it ends on any topology message whose
 * length is not exactly right: here by throwing, which fails the test that runs.
 */
import { onTestFinished } from 'vitest';
import type { Target } from '../../plugin/probe/index.js';
import { ncastQuestion } from '../../plugin/services/peerstreamer/ncast.js';
import { udpServer } from '../probe/servers.js';

/** Oldest and newest chunk that it holds. */
export type Chunks = readonly [oldest: number, newest: number];

export interface Streamer extends Target {
  /** Every datagram that came and the port that it came from; and the length of every one, in and out. */
  readonly heard: readonly { readonly datagram: Buffer; readonly port: number }[];
  readonly lengths: readonly number[];
}

export interface Behaviour {
  /** What it holds that many ms after it began; null for nothing. */
  readonly chunks?: (ms: number) => Chunks | null;
  /** Added to the port that it says is its own. */
  readonly portOffset?: number;
  /** Which of its answers get lost. */
  readonly loses?: readonly ('peers' | 'chunks' | 'neighbour' | 'questions')[];
  /** How late its first answers are, ms. */
  readonly firstAfterMs?: number;
}

/** When it asks a newcomer in its turn, ms after the newcomer's question. */
const QUESTIONS_AFTER_MS = [100, 300, 900];

/** Ten chunks a second, of which it holds the last fifty. */
export const streaming = (ms: number): Chunks => [Math.floor(ms / 100), 49 + Math.floor(ms / 100)];

export async function streamer({
  chunks = streaming,
  portOffset = 0,
  loses = [],
  firstAfterMs = 0,
}: Behaviour = {}): Promise<Streamer> {
  const heard: { datagram: Buffer; port: number }[] = [];
  const lengths: number[] = [];
  const timers = new Set<NodeJS.Timeout>();
  onTestFinished(() => timers.forEach(clearTimeout));
  const began = performance.now();
  const server: Target = await udpServer(({ datagram, port, reply }) => {
    heard.push({ datagram, port });
    lengths.push(datagram.length);
    insist(datagram, port);
    const own = { address: server.address, port: server.port + portOffset };
    const answers = {
      peers: () => peersOf(own),
      chunks: () => bufferMap(chunks(performance.now() - began)),
      neighbour: () => Buffer.of(1, 1, 1, 0x22, 0),
      questions: () => ncastQuestion(own),
    };
    const say = (what: keyof typeof answers, afterMs: number) => {
      if (loses.includes(what)) return;
      const send = () => {
        const answer = answers[what]();
        lengths.push(answer.length);
        reply(answer);
      };
      if (afterMs === 0) send();
      else timers.add(setTimeout(send, afterMs));
    };
    const late = heard.length === 1 ? firstAfterMs : 0;
    for (const what of ['peers', 'chunks', 'neighbour'] as const) say(what, late);
    for (const ms of QUESTIONS_AFTER_MS) say('questions', late + ms);
  });
  return { ...server, heard, lengths };
}

/** `assert` in the original's cache of peers; and what would make it send its stream to the asker. */
function insist(datagram: Buffer, port: number): void {
  const entry = 4 + 16 + 12;
  const right =
    datagram.subarray(1, 5).equals(Buffer.of(1, 1, 0x10, 1)) &&
    datagram.length === 13 + datagram.readUInt32BE(5) * entry &&
    datagram.readUInt32BE(9) === 12;
  if (!right) throw new Error(`the streamer aborts on ${datagram.toString('hex')}`);
  if (datagram.subarray(33).some((byte) => byte !== 0)) throw new Error('asked for the stream itself');
  if (datagram.readUInt16BE(19) !== port) throw new Error('the answer goes to another port');
}

function peersOf(own: { address: string; port: number }): Buffer {
  const peers = ncastQuestion(own);
  peers[4] = 2;
  return peers;
}

function bufferMap(held: Chunks | null): Buffer {
  const metadata = Buffer.alloc(20);
  metadata[0] = 0x0a;
  const [oldest, newest] = held ?? [0, -1];
  const count = newest - oldest + 1;
  const map = held ? Buffer.concat([uint32(oldest), Buffer.alloc(Math.ceil(count / 8), 0xff)]) : Buffer.alloc(0);
  return Buffer.concat([Buffer.of(1, 1, 1, 0x12), uint32(count), uint32(1), uint32(metadata.length), map, metadata]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

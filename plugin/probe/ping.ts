/**
 * The path by the system's `ping` (iputils): its time for nodes that do not gossip, its width for all. It works on ping
 * sockets, so without capabilities, and reads the kernel's time of arrival: no time of this process is in what it measures.
 */
import { type ExecFileException, execFile } from 'node:child_process';
import { isIP } from 'node:net';
import { PING_METHOD, TRAIN_METHOD, WIDTH } from '../model/metric.js';
import type { Sample } from '../model/sample.js';
import { pathSamples, type Timed } from './path.js';

/** As many as the Serf pings. */
const PINGS = 2;
/** Interval of the packets of a call, s: jitter is measured between neighbours, and the next provider does not wait long. */
const APART = '0.02';
/** With their answers: 44 bytes each over IPv4, 64 over IPv6. */
export const PING_COST = { packets: 2 * PINGS, bytes: 2 * PINGS * 64 } as const;
/** The 16 bytes hold the time of sending, without which ping reports no times. */
export const PATH_ARGS = ['-c', `${PINGS}`, '-i', APART, '-W', '1', '-s', '16'];

/** Packets of a train: as many as an unprivileged user may send at once. And the payload of each, bytes. */
const PACKET_TRAIN = 3;
const PAYLOAD_BYTES = 572;
export const PACKET_TRAIN_ARGS = `-c ${PACKET_TRAIN} -l ${PACKET_TRAIN} -W 1 -s ${PAYLOAD_BYTES}`.split(' ');
/** With their answers, which carry the same: 600 bytes each over IPv4, 620 over IPv6. */
export const PACKET_TRAIN_COST = { packets: 2 * PACKET_TRAIN, bytes: 2 * PACKET_TRAIN * (PAYLOAD_BYTES + 48) } as const;
/** kB of one of its packets over IPv4. */
export const TRAIN_PACKET_KB = (PAYLOAD_BYTES + 28) / 1_000;
/** Best width that can be told, ms/kB (80 Mbit/s): the packets themselves leave some 0.05 ms after each other. */
const MIN_WIDTH = 0.1;

/** The cost that a type declares when it also weighs the width of the path. */
export const withPacketTrain = ({ packets, bytes }: { readonly packets: number; readonly bytes: number }) => ({
  packets: packets + PACKET_TRAIN_COST.packets,
  bytes: bytes + PACKET_TRAIN_COST.bytes,
});

/** A change of the wall clock by more than this is a step, ms: time daemons slew what is less than 100. */
const STEP_MS = 50;

/** Cap of its output, bytes; it takes about 400. */
const OUTPUT_CAP = 8_192;

/** Errors of starting it that are permanent: it does not exist, or may not be run. */
const NEVER: ReadonlySet<unknown> = new Set(['ENOENT', 'EACCES', 'EPERM']);
/** Neither a ping socket (`net.ipv4.ping_group_range`) nor a raw one is available. */
const NO_SOCKET = /\bsocket: (Operation not permitted|Permission denied)/;
/** Highest exit code of a run that pinged: an answer, none, or trouble with the destination. */
const ORDINARY = 2;

interface Within {
  readonly signal: AbortSignal;
  readonly limitMs: number;
}

export class Pinger {
  readonly #command: string;
  /** Whether this process can ping at all: known after the first try. */
  #able = true;

  constructor(command = 'ping') {
    this.#command = command;
  }

  /**
   * Two pings of that literal address: `rtt`, `jitter` and `loss`; nothing where none is answered within `limitMs`, or
   * where ping is missing or forbidden. Starting a program holds the event loop up for some ms: call it when the probe's
   * own times are taken.
   */
  async path(address: string, within: Within): Promise<Sample[]> {
    const output = await this.#run(PATH_ARGS, address, within);
    return output === null ? [] : pathSamples(readTimes(output, PINGS), PING_METHOD);
  }

  /** Three larger pings at once: `width`; nothing unless all come back within `limitMs`. */
  async width(address: string, within: Within): Promise<Sample[]> {
    const output = await this.#run(PACKET_TRAIN_ARGS, address, within);
    return output === null ? [] : widthSamples(readTimes(output, PACKET_TRAIN));
  }

  /** What ping said; null when it said nothing that counts. */
  async #run(args: readonly string[], address: string, { signal, limitMs }: Within): Promise<Output | null> {
    signal.throwIfAborted();
    if (!this.#able || isIP(address) === 0) return null;
    const options = {
      env: { LC_ALL: 'C', PATH: process.env.PATH },
      timeout: Math.ceil(limitMs),
      killSignal: 'SIGKILL',
      maxBuffer: OUTPUT_CAP,
      signal,
    } as const;
    const ahead = wallAhead();
    const [error, text, complaint] = await new Promise<[ExecFileException | null, string, string]>((done) => {
      execFile(this.#command, ['-n', ...args, address], options, (...end) => done(end));
    });
    signal.throwIfAborted();
    if (NEVER.has(error?.code) || Number(error?.code) > ORDINARY || NO_SOCKET.test(complaint)) this.#able = false;
    // Cut short, it has not reported what was lost.
    const ended = error === null || typeof error.code === 'number';
    if (!ended) return null;
    const isStepped = Math.abs(wallAhead() - ahead) > STEP_MS;
    return { text, maxMs: isStepped ? 0 : limitMs };
  }
}

interface Output {
  readonly text: string;
  /** No packet can have taken longer, ms: ping subtracts times of the wall clock, which may be set meanwhile. */
  readonly maxMs: number;
}

const wallAhead = () => Date.now() - performance.now();

/**
 * What the times of packets that were sent at once say of the path's width. What queues at its narrowest place comes out as
 * far apart as that place needs for each (R. L. Carter and M. E. Crovella, "Measuring bottleneck link speed in
 * packet-switched networks", 1996). Of two unlike directions it is the narrower one; what others send in between widens
 * it, and links that send several packets as one narrow it: so it is no throughput, but orders paths as throughput does.
 */
export function widthSamples(times: readonly Timed[]): Sample[] {
  const all = times.flatMap((time) => time?.ms ?? []);
  const [first, last] = [all[0], all.at(-1)];
  if (first === undefined || last === undefined || all.length < times.length) return [];
  const kB = (times.length - 1) * TRAIN_PACKET_KB;
  const least = Math.max(MIN_WIDTH, timeStep(last) / kB);
  return [{ metric: WIDTH, value: Math.max((last - first) / kB, least), method: TRAIN_METHOD }];
}

/**
 * The time of each ping, in the order sent; the first of duplicate answers. Where the clock was set while a packet was on
 * its way, ping says 0 or far too much: that one came back, and nobody knows when.
 */
function readTimes({ text, maxMs }: Output, count: number): Timed[] {
  const times: Timed[] = Array.from({ length: count }, () => null);
  for (const [, sequence, time] of text.matchAll(/icmp_seq=(\d+) .*\btime=(-?[\d.]+) ms/g)) {
    const [index, ms] = [Number(sequence) - 1, Number(time)];
    if (times[index] === null) times[index] = { ms: ms > 0 && ms <= maxMs ? ms : null };
  }
  return times;
}

/** Step between two neighbouring times, ms: ping prints three digits, but nothing below the microsecond. */
const timeStep = (ms: number) => (ms < 1 ? 0.001 : ms < 10 ? 0.01 : ms < 100 ? 0.1 : 1);

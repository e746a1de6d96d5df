/**
 * The path by the system's `ping` (iputils), for nodes that do not gossip. It works on ping sockets, so without
 * capabilities, and reads the kernel's time of arrival: no time of this process is in what it measures.
 */
import { type ExecFileException, execFile } from 'node:child_process';
import { isIP } from 'node:net';
import type { Sample } from './index.js';
import { PING_METHOD } from './metrics.js';
import { pathSamples, type Timed } from './path.js';

/** As many as the Serf pings, as near to each other as anybody may send them. */
const PINGS = 2;
/** With their answers: 44 bytes each over IPv4, 64 over IPv6. */
export const PING_COST = { packets: 2 * PINGS, bytes: 2 * PINGS * 64 } as const;
/** The 16 bytes hold the time of sending, without which ping tells no time. */
const ARGS = ['-n', '-c', `${PINGS}`, '-i', '0.2', '-W', '1', '-s', '16'];
/** It says about 400 bytes. */
const OUTPUT_CAP = 8_192;

/** Errors of starting it that will be the same the next time: it is not there, or may not be run. */
const NEVER: ReadonlySet<unknown> = new Set(['ENOENT', 'EACCES', 'EPERM']);
/** Neither a ping socket (`net.ipv4.ping_group_range`) nor a raw one is to be had. */
const NO_SOCKET = /\bsocket: (Operation not permitted|Permission denied)/;
/** Exit codes for an answer, for none, and for trouble with the destination; above, it has not come to pinging at all. */
const ORDINARY = 2;

export class Pinger {
  readonly #command: string;
  /** Whether this process can ping at all: known after the first try, and not asked again. */
  #able = true;

  constructor(command = 'ping') {
    this.#command = command;
  }

  /**
   * Two pings of that literal address: `rtt`, `jitter` and `loss`; nothing where none is answered within `limitMs`, or
   * where ping is missing or forbidden. Starting a program holds the event loop up for some ms: call it when the probe's
   * own times are taken.
   */
  async path(address: string, { signal, limitMs }: { signal: AbortSignal; limitMs: number }): Promise<Sample[]> {
    signal.throwIfAborted();
    if (!this.#able || isIP(address) === 0) return [];
    const options = {
      env: { LC_ALL: 'C', PATH: process.env.PATH },
      timeout: Math.ceil(limitMs),
      killSignal: 'SIGKILL',
      maxBuffer: OUTPUT_CAP,
      signal,
    } as const;
    const [error, said, complaint] = await new Promise<[ExecFileException | null, string, string]>((done) => {
      execFile(this.#command, [...ARGS, address], options, (...end) => done(end));
    });
    signal.throwIfAborted();
    if (NEVER.has(error?.code) || Number(error?.code) > ORDINARY || NO_SOCKET.test(complaint)) this.#able = false;
    // Cut short, it has not said what got lost.
    const ended = error === null || typeof error.code === 'number';
    return ended ? pathSamples(timesIn(said), PING_METHOD) : [];
  }
}

/** The time of each ping, in the order sent; of a doubled answer the first. */
function timesIn(said: string): Timed[] {
  const times: Timed[] = Array.from({ length: PINGS }, () => null);
  for (const [, sequence, ms] of said.matchAll(/icmp_seq=(\d+) .*\btime=([\d.]+) ms/g)) {
    const index = Number(sequence) - 1;
    if (times[index] === null) times[index] = { ms: Number(ms) };
  }
  return times;
}
